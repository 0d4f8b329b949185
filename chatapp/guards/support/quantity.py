"""Numbers as people write them, brought to one form: 4,90 €, EUR 4.90 and 4.90 euros are the same quantity."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chatapp.guards.support.lexicon import Lexicon
from language.protocol import NumberWords

_NEIGHBOURS = 2


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` is a number, a range `2-3`, a time `14:00` or a telephone number, in its shortest form.

    `unit` is "" where none is known; then the words before and after it (`near`) tell what is numbered: `Skua 2`,
    `14 Quay Street`. `limit` is the class of a word like `from` or `until` that belongs to it, or "".
    `dimension` is what is measured: money, time, …; "" without a unit. `first` and `last` are its places in the token
    list.
    """

    value: str
    unit: str
    dimension: str
    limit: str
    near: frozenset[str]
    text: str
    first: int
    last: int

    def borne_out_by(self, source: "Quantity") -> bool:
        """Whether `source` says the same: value, unit and limit, and one neighbour where there is no unit."""
        same = (self.value, self.unit, self.limit) == (source.value, source.unit, source.limit)
        return same and (bool(self.unit) or bool(self.near & source.near))


def quantities(tokens: Sequence[str], lexicon: Lexicon) -> list[Quantity]:
    """All quantities of a sentence's tokens (lower case), in order; no token belongs to two."""
    found: list[Quantity] = []
    place = 0
    while place < len(tokens):
        if lexicon.is_number(tokens[place]):
            found.append(_read(tokens, place, lexicon))
            place = found[-1].last
        place += 1
    return found


def _read(tokens: Sequence[str], first: int, lexicon: Lexicon) -> Quantity:
    numbers = lexicon.language.numbers
    value, last = _value(tokens, first, lexicon)
    unit, last = _unit(tokens, first, last, numbers)
    half = "".join(tokens[last + 1 : last + 2])
    if value.isdigit() and half in numbers.halves:
        value, last = f"{int(value) % 12 + numbers.halves[half]}:00", last + 1
    limit = _limit_before(tokens, first, numbers) or _limit_after(tokens, last, numbers)
    around = (*tokens[max(0, first - _NEIGHBOURS) : first], *tokens[last + 1 : last + 1 + _NEIGHBOURS])
    silent = lexicon.language.claims.function | numbers.limits.keys()
    near = frozenset(word for word in around if word not in silent and word[0].isalnum())
    if first and tokens[last] not in numbers.units and numbers.units.get(tokens[first - 1]) == unit != "":
        first -= 1  # EUR 9.90
    return Quantity(
        value, unit, numbers.dimensions.get(unit, ""), limit, near, " ".join(tokens[first : last + 1]), first, last
    )


def _value(tokens: Sequence[str], first: int, lexicon: Lexicon) -> tuple[str, int]:
    numbers = lexicon.language.numbers
    value = _plain(tokens[first], numbers)
    if tokens[first + 1 : first + 2] and tokens[first + 1] in lexicon.range_words:
        end = tokens[first + 2 : first + 3]
        if end and lexicon.is_number(end[0]):
            return f"{value}-{_plain(end[0], numbers)}", first + 2
    return value, first


def _plain(token: str, numbers: NumberWords) -> str:
    if token in numbers.values:
        return str(numbers.values[token])
    if " " in token or ":" in token:
        return token.lstrip("0") if ":" in token else token
    figures = re.sub(r",(?=\d{3}(\D|$))", "", token).replace(",", ".")
    if figures.count(".") > 1:
        return figures
    return format(Decimal(figures).normalize(), "f") if figures[0] != "0" or "." in figures else figures


def _unit(tokens: Sequence[str], first: int, last: int, numbers: NumberWords) -> tuple[str, int]:
    one, other, *_ = *tokens[last + 1 : last + 3], "", ""
    if (one, other) in numbers.unit_pairs:
        return numbers.unit_pairs[one, other], last + 2
    if one in numbers.units:
        twice = numbers.units[one] == numbers.units.get(other)  # 30 degrees C
        return numbers.units[one], last + (2 if twice else 1)
    before = numbers.units.get(tokens[first - 1], "") if first else ""
    return (before if numbers.dimensions.get(before) == "money" else ""), last


def _limit_before(tokens: Sequence[str], first: int, numbers: NumberWords) -> str:
    start = first - 1 if first and numbers.units.get(tokens[first - 1]) else first
    pair = tuple(tokens[max(0, start - 2) : start])
    if len(pair) == 2 and (pair[0], pair[1]) in numbers.limit_pairs:
        return numbers.limit_pairs[pair[0], pair[1]]
    words = [word for word in pair if word not in numbers.passed_over]
    return numbers.limits.get(words[-1], "") if words else ""


def _limit_after(tokens: Sequence[str], last: int, numbers: NumberWords) -> str:
    one, other, *_ = *tokens[last + 1 : last + 3], "", ""
    return numbers.limit_pairs_after.get((one, other), "")
