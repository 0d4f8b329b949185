"""The notices under an answer, in two voices: FOR_CUSTOMERS is what a customer reads where the text is not for them."""

from collections.abc import Iterable

from chatapp.errors import words_for
from chatapp.store.notices import Note, NoticeCode

FOR_CUSTOMERS: dict[str, str] = {
    NoticeCode.APPROVED_WORDING: "",  # the line of its source says whose words these are
    NoticeCode.CLOUD_FAILED: "An outside AI service was asked too, and did not answer.",
    NoticeCode.ESCALATED: "Our own assistant was not sure enough, so an outside AI service was asked.",
    NoticeCode.UNSURE: "This is the closest answer we have; it may not be quite what you asked.",
}
"""What a customer reads of a notice, by its code; of a code that is not here, its `text`."""


def customer_notice(note: Note) -> dict[str, str] | None:
    """A notice as a customer gets it; None where it says nothing to them.

    A failure is worded by its code, also where an earlier release stored the operator's words as its text.
    """
    if words := words_for(note.code):
        return {"code": words.code, "text": words.text}
    told = FOR_CUSTOMERS.get(note.code, note.text)
    return {"code": str(note.code), "text": told} if told else None


def customer_notices(notes: Iterable[Note]) -> list[dict[str, str]]:
    """The notices of a turn as a customer gets them."""
    told = (customer_notice(note) for note in notes)
    return [one for one in told if one]
