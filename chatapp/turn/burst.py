"""Messages that come faster than answers: which of them one turn reads together."""

from collections.abc import Sequence

from chatapp.store.tries import together
from language import Language
from router.text.clean import clean
from router.text.questions import MAX_QUESTIONS, questions

MOST_WAITING = 5
"""How many messages of a conversation may wait while one is being answered."""


def read_together(texts: Sequence[str], max_chars: int, language: Language | None) -> int:
    """How many of these messages, from the first on and at least one, a turn reads as one.

    As many as ask no more questions than one answer gives, and fit into the longest message that may be sent.
    """
    count = 1
    while count < len(texts) and _fits(together(texts[: count + 1]), max_chars, language):
        count += 1
    return count


def _fits(text: str, max_chars: int, language: Language | None) -> bool:
    return len(text) <= max_chars and len(questions(clean(text), language)) <= MAX_QUESTIONS
