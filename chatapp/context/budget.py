"""The token budget of a prompt: its shares and marks, and the search for what still fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chatapp.backends.base import ChatMessage

Count = Callable[[Sequence[ChatMessage]], int]
"""Tokens of the prompt that messages make, chat template included: `Backend.count_tokens`."""

FOLD_ABOVE = 0.8
"""A prompt above this part of its budget is the last with all its history: the rest is for the next exchange.
"""

FOLD_TO = 0.55
"""A fold leaves this part of the budget at most, so that the prompt's beginning then stays the same for many
turns.
"""

SUMMARY_SHARE = 0.2
"""The summary's part of the prompt budget."""

GIST_SHARE = 0.3
"""The gist's part of the summary; what the customer said has the rest."""

ELLIPSIS = " […] "
"""Stands where a text was shortened in its middle."""


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
    """`text` with its middle taken out, marked by `ELLIPSIS`, so that it has at most `limit` (6 or more)
    characters.
    """
    if len(text) <= limit:
        return text
    room = limit - len(ELLIPSIS)
    return text[: room - room // 2] + ELLIPSIS + text[len(text) - room // 2 :]


T = TypeVar("T")


def largest(low: int, high: int, attempt: Callable[[int], T | None]) -> T | None:
    """The result of `attempt` for the largest number of low..high that it takes; None if it takes none.

    Asks for `high` first, then halves: 1 call where everything fits, 2 + log2(high - low) at most. Where
    `attempt` is not monotone the result is still one that it took.
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
