"""The parts of a message: the questions in it, and what of a pasted mail is the customer's own.

For a language without rules, only a question mark tells a question, and only quoted lines are left out of a mail.
"""

import re

from language.protocol import Language, QuestionForms
from router.text.clean import has_words

LONG_WORDS = 60  # in a longer message one vector for all words drowns the question
MAX_ASKED_WORDS = 40  # a longer message tells a story; its sentences mean little alone
MAX_QUESTIONS = 3  # as many facts as a decision may have
_MIN_WORDS = 3

_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
_MARKS = re.compile(r"(?<=[.!?])\s+|\n+|[,;:–—]\s+|\s+-+\s+")
_BY_MARKS = QuestionForms()
_SIGNATURE = re.compile(r"^--\s*$", re.MULTILINE)


def questions(text: str, language: Language | None) -> tuple[str, ...]:
    """Split a clean message into its questions, in order. Statements go with the question that follows them, those at
    the end with the last. A message that asks one thing, or is too long to be split, is returned whole.

    Invariant: no word is lost except "and", "also", "please" and the like between questions.
    """
    if len(text.split()) > MAX_ASKED_WORDS:
        return (text,)
    asked, leading, forms = [], list[str](), _forms(language)
    for piece in (piece for sentence in _sentences(text) for piece in _split(sentence, forms)):
        leading.append(piece)
        if forms.asks.search(piece) and has_words(piece):
            asked.append(" ".join(leading))
            leading = []
    if len(asked) < 2:
        return (text,)
    asked[-1] = " ".join((asked[-1], *leading))
    return tuple(asked)


def own_words(text: str, language: Language | None) -> str:
    """A clean mail without its headers, quoted lines and signature; the whole mail if nothing else is left."""
    before_signature = _SIGNATURE.split(text, maxsplit=1)[0]
    forms = _forms(language)
    lines = [line for line in before_signature.split("\n") if not forms.not_own.match(line)]
    return "\n".join(lines).strip() if any(_long_enough(line) for line in lines) else text


def asking(text: str, language: Language | None) -> tuple[str, ...]:
    """The sentences of a long text that ask something; none where none does."""
    forms = _forms(language)
    return tuple(one for one in _sentences(text) if _long_enough(one) and forms.asks.search(one))


def phrases(text: str) -> tuple[str, ...]:
    """The parts of a message between its marks, commas too, as far as they are words."""
    return tuple(part.strip() for part in _MARKS.split(text) if has_words(part))


def _forms(language: Language | None) -> QuestionForms:
    return language.questions if language else _BY_MARKS


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _ENDS.split(text) if sentence.strip()]


def _split(sentence: str, forms: QuestionForms) -> list[str]:
    """A sentence cut where, after a question of some words, another begins."""
    pieces, start = [], 0
    for cut in forms.next_question.finditer(sentence):
        left, right = sentence[start : cut.start()], sentence[cut.end() :]
        if _long_enough(left) and _long_enough(right) and forms.asks.search(left):
            pieces.append(left)
            start = cut.end()
    return [*pieces, sentence[start:]]


def _long_enough(text: str) -> bool:
    return len(text.split()) >= _MIN_WORDS
