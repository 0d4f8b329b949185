"""The parts of a message: the questions in it, and what of a pasted mail is the customer's own.

The words that open a question and the heads of a mail are English; in another language a message is one part.
"""

import re

from router.text.clean import has_words

LONG_WORDS = 60  # from about here on, one vector for all words drowns the question among them
MAX_ASKED_WORDS = 40  # a longer message tells a story, whose sentences mean little alone
MAX_QUESTIONS = 3  # as many facts as a decision may have
_MIN_WORDS = 3

_AUXILIARY = "(?:can|could|do|does|did|is|are|am|will|would|should|may|have|has|was|were)"
_SUBJECT = (
    "(?:i|you|u|we|it|they|he|she|the|my|your|our|this|that|these|those|there|a|an|any|one|anyone|someone|somebody)"
)
_OPENER = (
    rf"(?:(?:how|hows|what|whats|what's|wheres|where's|who|whos|why)\b|(?:when|where|which)\s+{_AUXILIARY}\b"
    rf"|{_AUXILIARY}\s+{_SUBJECT}\b)"
)
_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
_ASKS = re.compile(rf"(?:^|[,:.!?]\s*|\b(?:so|and|ok|then)\s+){_OPENER}|\?", re.IGNORECASE)
_NEXT = re.compile(
    rf"\s*[,;–-]?\s+(?:and|also|plus|but|or|then)\s+(?:(?:also|then|please)\s+)?(?={_OPENER})"
    rf"|\s*[,;]\s+(?={_OPENER})",
    re.IGNORECASE,
)
_NOT_OWN = re.compile(
    r"\s*(?:[>|]|-{2,}|_{3,}|={3,}|(?:from|to|cc|bcc|subject|date|sent|re|fwd?|reply-to)\s*:|on\b.{3,80}\bwrote\s*:\s*$)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^--\s*$", re.MULTILINE)


def questions(text: str) -> tuple[str, ...]:
    """The questions of a clean message in their order, each with the statements that lead up to it; what follows the
    last belongs to it. The message alone where it asks one thing, or where it is too long to be taken apart.

    Invariant: no word is lost, but for "and", "also", "please" and their like between questions.
    """
    if len(text.split()) > MAX_ASKED_WORDS:
        return (text,)
    asked, leading = [], list[str]()
    for piece in (piece for sentence in _sentences(text) for piece in _split(sentence)):
        leading.append(piece)
        if _ASKS.search(piece) and has_words(piece):
            asked.append(" ".join(leading))
            leading = []
    if len(asked) < 2:
        return (text,)
    asked[-1] = " ".join((asked[-1], *leading))
    return tuple(asked)


def own_words(text: str) -> str:
    """A clean mail without its heads, quoted lines and signature; the whole of it where nothing else is left."""
    before_signature = _SIGNATURE.split(text, maxsplit=1)[0]
    lines = [line for line in before_signature.split("\n") if not _NOT_OWN.match(line)]
    return "\n".join(lines).strip() if any(_long_enough(line) for line in lines) else text


def asking(text: str) -> tuple[str, ...]:
    """The sentences of a long text that ask something; none where none does."""
    return tuple(one for one in _sentences(text) if _long_enough(one) and _ASKS.search(one))


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _ENDS.split(text) if sentence.strip()]


def _split(sentence: str) -> list[str]:
    """A sentence cut where, after a question of some words, another begins."""
    pieces, start = [], 0
    for cut in _NEXT.finditer(sentence):
        left, right = sentence[start : cut.start()], sentence[cut.end() :]
        if _long_enough(left) and _long_enough(right) and _ASKS.search(left):
            pieces.append(left)
            start = cut.end()
    return [*pieces, sentence[start:]]


def _long_enough(text: str) -> bool:
    return len(text.split()) >= _MIN_WORDS
