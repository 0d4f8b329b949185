"""The token budget of a prompt: its shares and marks, and the search for what still fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chatapp.backends.base import ChatMessage

Count = Callable[[Sequence[ChatMessage]], int]
"""Tokens of the prompt that messages make, chat template included: `Backend.count_tokens`."""

FOLD_ABOVE = 0.8
"""Once a prompt takes more than this share of its budget, history is folded: the rest is for the next exchange."""

FOLD_TO = 0.55
"""A fold shrinks the prompt to at most this share of its budget, so that its beginning stays the same for many turns.
"""

SUMMARY_SHARE = 0.2
"""The summary's share of the prompt budget."""

GIST_SHARE = 0.3
"""The gist's share of the summary; the customer's own statements have the rest."""

ELLIPSIS = " […] "
"""Marks where the middle of a text was cut out."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message of the customer with its answer."""

    turn_id: int
    user: str
    assistant: str


def summary_budget(budget_tokens: int) -> int:
    """Tokens that the summary may take in a prompt of `budget_tokens`."""
    return int(budget_tokens * SUMMARY_SHARE)


def shorten(text: str, limit: int) -> str:
    """`text` with its middle replaced by `ELLIPSIS`, so that it has at most `limit` (6 or more) characters."""
    if len(text) <= limit:
        return text
    room = limit - len(ELLIPSIS)
    return text[: room - room // 2] + ELLIPSIS + text[len(text) - room // 2 :]


T = TypeVar("T")


def largest(low: int, high: int, attempt: Callable[[int], T | None]) -> T | None:
    """The result of `attempt` for the largest number of low..high that it accepts; None if it accepts none.

    Tries `high` first, then bisects: 1 call if everything fits, at most 2 + log2(high - low). If `attempt` is not
    monotone, the result is still one that it accepted.
    """
    if low > high:
        return None
    best = attempt(high)
    if best is not None:
        return best
    high -= 1
    while low <= high:
        middle = (low + high) // 2
        result = attempt(middle)
        if result is None:
            high = middle - 1
        else:
            best, low = result, middle + 1
    return best
