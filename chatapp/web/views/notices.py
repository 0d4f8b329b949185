"""The lines under an answer that say what happened to it."""

from dataclasses import dataclass, replace
from typing import Any

from chatapp.errors import words_for
from chatapp.store.notices import notes_of
from chatapp.turn.events import Reader
from chatapp.turn.notices import customer_notices

RETRY_STATES = frozenset({"failed", "interrupted"})


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A line under an answer. `trouble` is drawn with a warning sign, `retry` offers the message again.

    `detail` is for the operator, and empty for a customer.
    """

    text: str
    trouble: bool = False
    retry: bool = False
    detail: str = ""


def notice_views(notices: list[dict[str, Any]], status: str, reader: Reader) -> tuple[NoticeView, ...]:
    """What is told of a turn that ended with `status`. A failure comes last, with a way to try again."""
    shown = _told(notices) if reader is Reader.CUSTOMER else _whole(notices)
    if status not in RETRY_STATES:
        return tuple(shown)
    if not shown:
        shown = [NoticeView("This answer was interrupted. Your message is kept.")]
    return (*shown[:-1], replace(shown[-1], trouble=True, retry=True))


def _told(notices: list[dict[str, Any]]) -> list[NoticeView]:
    return [NoticeView(one["text"]) for one in customer_notices(notes_of(notices))]


def _whole(notices: list[dict[str, Any]]) -> list[NoticeView]:
    """What the customer reads of a failure, with the cause in the operator's words beside it."""
    shown = []
    for note in (one for one in notes_of(notices) if one.text):
        words, text, detail = words_for(note.code), note.text, note.detail
        if words and not detail:  # of an earlier release, which kept the operator's words alone
            text, detail = words.text, text
        shown.append(NoticeView(text, detail=detail))
    return shown
