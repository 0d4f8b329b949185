"""An answer while it is made, and whoever hears it come."""

from typing import Protocol

from chatapp.characters import storable
from chatapp.store.notices import Note, NoticeCode


class Speaker(Protocol):
    """Hears an answer while it is made: each call is shown at once."""

    def say(self, text: str, *, replace: bool = False) -> None:
        """More of the answer; with `replace`, what was said is withdrawn and `text` stands in its place."""
        ...

    def notice(self, note: Note) -> None:
        """Something that the reader should know."""
        ...

    def escalated(self, reason: str) -> None:
        """The local wording was given up, and the cloud model is asked."""
        ...

    def attended(self) -> bool:
        """Whether somebody hears it now. It may be asked on any thread."""
        ...


class Draft:
    """What has been said so far, what is noted under it, and what it has cost. The speaker is told as it changes.

    `trouble` says, to the operator, which failure of a model the answer does without. `lead` are words that the answer
    begins with, whatever it says then; they are shown with its first word.

    Invariant: `text` is what the speaker has been told to show.
    """

    def __init__(self, speaker: Speaker) -> None:
        self.text = self.trouble = self.lead = ""
        self.notices: list[Note] = []
        self.cost_microusd = 0
        self._speaker = speaker
        self.attended = speaker.attended

    def say(self, text: str, *, replace: bool = False) -> None:
        """Add to the answer, or with `replace` begin it anew; nothing is told of nothing."""
        text = storable(text)
        if text and (replace or not self.text) and not text.startswith(self.lead):
            text = self.lead + text
        if text or replace:
            self.text = text if replace else self.text + text
            self._speaker.say(text, replace=replace)

    def note(self, code: NoticeCode, text: str, detail: str = "") -> None:
        """Note something under the answer, and with `detail` something more for the operator."""
        note = Note(code, storable(text), storable(detail))
        self.notices.append(note)
        self._speaker.notice(note)

    def tell(self, code: NoticeCode, text: str) -> None:
        """Say something that holds for now alone, and is not kept."""
        self._speaker.notice(Note(code, text))

    def escalate(self, reason: str) -> None:
        """Withdraw what was said: the cloud model is asked instead."""
        self.lead = ""
        self.say("", replace=True)
        self.notices.append(Note(NoticeCode.ESCALATED, reason))
        self._speaker.escalated(reason)

    def spend(self, microusd: int) -> None:
        """Add the cost of one call."""
        self.cost_microusd += microusd
