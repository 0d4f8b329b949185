"""Removes thinking that a model writes into its answer, because it is not meant for the customer."""

import re

from chatapp.backends.legible import without_lead

_NAMES = "think|thinking|thought|thoughts|reasoning"
_OPENED = re.compile(rf"<({_NAMES})(\s[^>]*)?>", re.IGNORECASE)
_CLOSED = re.compile(rf"</({_NAMES})\s*>", re.IGNORECASE)
_SPELT = tuple(f"{mark}{name}" for mark in ("<", "</") for name in _NAMES.split("|"))
_LONGEST_TAG = 80  # characters of a tag with attributes, or with white space before its end


class Thinking:
    """Takes the stream of an answer and returns it without thinking.

    Only what stands at the very beginning is thinking: `<think>…</think>`, once or several times. A tag later on is a
    word like another. Many servers write the opening tag into the prompt, so that the answer only closes it: then all
    that was given so far is withdrawn, and `unopened` is set, so that the next call may be made with it and hold its
    words back until the tag closes.

    Invariant: what is given does not depend on how the stream was cut.
    """

    def __init__(self, *, unopened: bool = False) -> None:
        self.unopened = unopened
        self.inside = unopened
        self._opened = False
        self._begun = False
        self._settled = False
        self._held = ""

    def feed(self, text: str) -> tuple[str, bool]:
        """More of the answer, from its first visible character on, and whether what was given before is withdrawn."""
        self._held += text
        given, withdrawn = "", False
        while True:
            before = self._held, self.inside, self._begun
            more, again = self._step()
            given, withdrawn = more if again else given + more, withdrawn or again
            if before == (self._held, self.inside, self._begun):
                return given, withdrawn

    def finish(self) -> str:
        """What was held back and is answer after all: an unfinished tag, or words of a server that no longer thinks."""
        held, self._held = without_lead(self._held) if not self._begun else self._held, ""
        self.unopened = self.unopened and not self.inside
        return "" if self.inside and self._opened else held

    def _step(self) -> tuple[str, bool]:
        if self.inside:
            return self._think()
        if not self._begun:
            return self._begin()
        return self._answer()

    def _begin(self) -> tuple[str, bool]:
        start = without_lead(self._held)
        if opened := _OPENED.match(start):
            self.inside = self._opened = True
            self._held = start[opened.end() :]
        elif start and not _may_become_tag(start):
            self._begun, self._held = True, start
        return "", False

    def _think(self) -> tuple[str, bool]:
        if closed := _CLOSED.search(self._held):
            opened = self._opened or _OPENED.match(without_lead(self._held))
            self.unopened = self.unopened and not opened
            self.inside, self._settled = False, True
            self._held = self._held[closed.end() :]
        elif self._opened:
            self._held = self._held[-_LONGEST_TAG:]
        elif _OPENED.match(without_lead(self._held)):
            self._opened = True
        return "", False

    def _answer(self) -> tuple[str, bool]:
        """Words of the answer; unless thinking was closed before, they may still turn out to be thinking."""
        if not self._settled and (closed := _CLOSED.search(self._held)):
            self.unopened = self._settled = True
            self._begun = False
            self._held = self._held[closed.end() :]
            return "", True
        hold = 0 if self._settled else _tag_at_end(self._held)
        given = self._held[: len(self._held) - hold]
        self._held = self._held[len(given) :]
        return given, False


def _may_become_tag(start: str) -> bool:
    low = start.lower()
    return any(tag.startswith(low) for tag in _SPELT) or (
        low.startswith(_SPELT) and ">" not in low and len(low) < _LONGEST_TAG
    )


def _tag_at_end(text: str) -> int:
    """How many of the last characters may be the beginning of a closing tag."""
    at = text.rfind("<", max(0, len(text) - _LONGEST_TAG))
    return len(text) - at if at >= 0 and text[at : at + 2] in ("<", "</") and _may_become_tag(text[at:]) else 0
