"""Figures in an answer that neither the approved information nor the conversation knows."""

import re
from collections.abc import Iterable, Sequence

from chatapp.guards.support.clauses import sentences
from chatapp.guards.support.lexicon import lexicon_of
from chatapp.guards.support.quantity import Quantity
from language import Language
from language.contacts import digits_of, emails, telephone_digits, telephones

_BINDING = frozenset({"money", "share", "time", "points"})
"""What a customer would hold us to. Weights, lengths and bare numbers are not: most are general knowledge."""

_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_NUMBERING = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


def unbacked_figures(answer: str, known: Iterable[str], language: Language | None) -> list[str]:
    """Sums, shares, times, dates, telephone numbers and e-mail addresses of `answer` that no text of `known` has.

    As they stand in the answer, each once, in its order. How a figure is written does not matter: EUR 4.90 is 4,90 €.
    Without rules for the language nobody can say what a number counts, so every number counts that `known` does not
    have as it is written.
    """
    texts, answer = list(known), _CODE.sub(" ", answer)
    numbers = {digits for text in texts for digits in telephone_digits(text)}
    addresses = {found.lower() for text in texts for found in emails(text)}
    strange = [
        *(found for found in emails(answer) if found.lower() not in addresses),
        *(found for found in telephones(answer) if digits_of(found) not in numbers),
        *(_quantities_beyond(answer, texts, language) if language else _numbers_beyond(answer, texts)),
    ]
    return sorted(dict.fromkeys(strange), key=answer.find)


def _quantities_beyond(answer: str, texts: Sequence[str], language: Language) -> list[str]:
    months = language.numbers.months
    figures = {key for text in texts for one in _quantities(text, language) for key in _keys(one, months)}
    return [
        _as_written(one, answer)
        for one in _quantities(answer, language)
        if _binds(one, months) and not set(_keys(one, months)) <= figures
    ]


def _numbers_beyond(answer: str, texts: Sequence[str]) -> list[str]:
    """Numbers as they are written; those that number a list are none, and telephone numbers are judged as such."""
    written = _NUMBERING.sub(" ", answer)
    for one in telephones(written):
        written = written.replace(one, " ")
    figures = {number for text in texts for number in _NUMBER.findall(text)}
    return [number for number in _NUMBER.findall(written) if number not in figures]


def _quantities(text: str, language: Language) -> list[Quantity]:
    return [quantity for sentence in sentences(text, lexicon_of(language)) for quantity in sentence.quantities]


def _binds(quantity: Quantity, months: frozenset[str]) -> bool:
    return quantity.dimension in _BINDING or ":" in quantity.value or bool(quantity.near & months)


def _keys(quantity: Quantity, months: frozenset[str]) -> list[tuple[str, str]]:
    """The figure, a range by both its ends; a date by its day and month."""
    unit = quantity.unit or " ".join(sorted(quantity.near & months))
    return [(value, unit) for value in re.split(r"(?<=\d)-", quantity.value)]


def _as_written(quantity: Quantity, answer: str) -> str:
    found = re.search(r"\W{0,3}".join(map(re.escape, quantity.text.split())), answer, re.IGNORECASE)
    return found[0] if found else quantity.text
