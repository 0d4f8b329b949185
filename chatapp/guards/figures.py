"""Figures in an answer that neither the approved information nor the conversation knows."""

import re
from collections.abc import Iterable

from chatapp.guards.support.clauses import sentences
from chatapp.guards.support.quantity import Quantity

_BINDING = frozenset({"money", "share", "time", "points"})
"""What a customer would hold us to. Weights, lengths and bare numbers are not: most are general knowledge."""

_TELEPHONE = re.compile(r"\+?\d[\d /()-]{5,}\d")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{4} ?- ?\d{4}")
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_MONTHS = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    ]
)


def unbacked_figures(answer: str, known: Iterable[str]) -> list[str]:
    """Sums, shares, times, dates, telephone numbers and e-mail addresses of `answer` that no text of `known` has.

    As they stand in the answer, each once, in its order. How a figure is written does not matter: EUR 4.90 is 4,90 €.
    """
    texts, answer = list(known), _CODE.sub(" ", answer)
    figures = {key for text in texts for quantity in _quantities(text) for key in _keys(quantity)}
    numbers = {_digits(found) for text in texts for found in _TELEPHONE.findall(text)}
    addresses = {found.lower() for text in texts for found in _ADDRESS.findall(text)}
    strange = [
        *(found for found in _ADDRESS.findall(answer) if found.lower() not in addresses),
        *(found for found in _telephones(answer) if _digits(found) not in numbers),
        *(_as_written(one, answer) for one in _quantities(answer) if _binds(one) and not set(_keys(one)) <= figures),
    ]
    return sorted(dict.fromkeys(strange), key=answer.find)


def _quantities(text: str) -> list[Quantity]:
    return [quantity for sentence in sentences(text) for quantity in sentence.quantities]


def _binds(quantity: Quantity) -> bool:
    return quantity.dimension in _BINDING or ":" in quantity.value or bool(quantity.near & _MONTHS)


def _keys(quantity: Quantity) -> list[tuple[str, str]]:
    """The figure, a range by both its ends; a date by its day and month."""
    unit = quantity.unit or " ".join(sorted(quantity.near & _MONTHS))
    return [(value, unit) for value in re.split(r"(?<=\d)-", quantity.value)]


def _telephones(text: str) -> list[str]:
    """What is written as a telephone number is; an order number or a date is none."""
    return [found for found in _TELEPHONE.findall(text) if _is_telephone(found)]


def _is_telephone(written: str) -> bool:
    digits = _digits(written)
    begins, parted = written[0] in "+0", written.lstrip("+") != digits
    return 7 <= len(digits) <= 15 and (begins or parted) and not _DATE.fullmatch(written)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _as_written(quantity: Quantity, answer: str) -> str:
    found = re.search(r"\W{0,3}".join(map(re.escape, quantity.text.split())), answer, re.IGNORECASE)
    return found[0] if found else quantity.text
