"""The notices under an answer, in two voices. `text` is what is said, FOR_CUSTOMERS what a customer reads instead where
that is not for them, and `detail` what the operator alone reads.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chatapp.errors import words_for

FOR_CUSTOMERS = {
    "approved_wording": "",  # the line of its source says whose words these are
    "cloud_failed": "An outside AI service was asked too, and did not answer.",
    "escalated": "Our own assistant was not sure enough, so an outside AI service was asked.",
    "unsure": "This is the closest answer we have; it may not be quite what you asked.",
}
"""What a customer reads of a notice, by its code; of a code that is not here, its `text`."""


def customer_notice(code: str, text: str) -> dict[str, str] | None:
    """A notice as a customer gets it; None where it says nothing to them.

    A failure is worded by its code, also where an earlier release stored the operator's words as its text.
    """
    if words := words_for(code):
        return {"code": words.code, "text": words.text}
    told = FOR_CUSTOMERS.get(code, text)
    return {"code": code, "text": told} if told else None


def customer_notices(notices: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The stored notices of a turn as a customer gets them."""
    told = (customer_notice(str(one["code"]), str(one["text"])) for one in notices if "text" in one)
    return [one for one in told if one]
