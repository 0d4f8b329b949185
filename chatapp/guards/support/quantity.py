"""Numbers as people write them, brought to one form: 4,90 €, EUR 4.90 and 4.90 euros are the same quantity."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chatapp.guards.lexicon import DIMENSION, FUNCTION, LIMIT, LIMIT_PAIRS, NUMBER, UNIT

_NUMBER = re.compile(r"-?\d")
_RANGE_WORDS = frozenset({"to", "-", "–"})
_NEIGHBOURS = 2


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` is a number, a range `2-3`, a time `14:00` or a telephone number, in its shortest form.

    `unit` is "" where none is known; then the words before and after it (`near`) tell what is numbered: `Skua 2`,
    `14 Quay Street`. `limit` is the class of a word like `from` or `until` that belongs to it, or "".
    `first` and `last` are its places in the token list.
    """

    value: str
    unit: str
    limit: str
    near: frozenset[str]
    text: str
    first: int
    last: int

    @property
    def dimension(self) -> str:
        """What is measured: money, time, …; "" without a unit."""
        return DIMENSION.get(self.unit, "")

    def borne_out_by(self, source: "Quantity") -> bool:
        """Whether `source` says the same: value, unit and limit, and one neighbour where there is no unit."""
        same = (self.value, self.unit, self.limit) == (source.value, source.unit, source.limit)
        return same and (bool(self.unit) or bool(self.near & source.near))


def quantities(tokens: Sequence[str]) -> list[Quantity]:
    """All quantities of a sentence's tokens (lower case), in order; no token belongs to two."""
    found: list[Quantity] = []
    place = 0
    while place < len(tokens):
        if is_number(tokens[place]):
            found.append(_read(tokens, place))
            place = found[-1].last
        place += 1
    return found


def is_number(token: str) -> bool:
    """Whether a token is a number in figures or words."""
    return bool(_NUMBER.match(token)) or token in NUMBER


def _read(tokens: Sequence[str], first: int) -> Quantity:
    value, last = _value(tokens, first)
    unit, last = _unit(tokens, first, last)
    half = "".join(tokens[last + 1 : last + 2])
    if value.isdigit() and half in ("am", "pm"):
        value, last = f"{int(value) % 12 + 12 * (half == 'pm')}:00", last + 1
    limit = _limit_before(tokens, first) or _limit_after(tokens, last)
    around = (*tokens[max(0, first - _NEIGHBOURS) : first], *tokens[last + 1 : last + 1 + _NEIGHBOURS])
    near = frozenset(word for word in around if word not in FUNCTION | LIMIT.keys() and word[0].isalnum())
    if first and tokens[last] not in UNIT and UNIT.get(tokens[first - 1]) == unit != "":
        first -= 1  # EUR 9.90
    return Quantity(value, unit, limit, near, " ".join(tokens[first : last + 1]), first, last)


def _value(tokens: Sequence[str], first: int) -> tuple[str, int]:
    value = _plain(tokens[first])
    if tokens[first + 1 : first + 2] and tokens[first + 1] in _RANGE_WORDS:
        end = tokens[first + 2 : first + 3]
        if end and is_number(end[0]):
            return f"{value}-{_plain(end[0])}", first + 2
    return value, first


def _plain(token: str) -> str:
    if token in NUMBER:
        return str(NUMBER[token])
    if " " in token or ":" in token:
        return token.lstrip("0") if ":" in token else token
    figures = re.sub(r",(?=\d{3}(\D|$))", "", token).replace(",", ".")
    if figures.count(".") > 1:
        return figures
    return format(Decimal(figures).normalize(), "f") if figures[0] != "0" or "." in figures else figures


def _unit(tokens: Sequence[str], first: int, last: int) -> tuple[str, int]:
    after = [*tokens[last + 1 : last + 3], "", ""]
    if after[0] in ("working", "business") and after[1] in ("day", "days"):
        return "working day", last + 2
    if after[:2] == ["per", "cent"]:
        return "%", last + 2
    if after[0] in UNIT:
        twice = UNIT[after[0]] == UNIT.get(after[1])  # 30 degrees C
        return UNIT[after[0]], last + (2 if twice else 1)
    before = UNIT.get(tokens[first - 1], "") if first else ""
    return (before if DIMENSION.get(before) == "money" else ""), last


def _limit_before(tokens: Sequence[str], first: int) -> str:
    start = first - 1 if first and UNIT.get(tokens[first - 1]) else first
    pair = tuple(tokens[max(0, start - 2) : start])
    if len(pair) == 2 and (pair[0], pair[1]) in LIMIT_PAIRS:
        return LIMIT_PAIRS[pair[0], pair[1]]
    words = [word for word in pair if word not in ("the", "a", "of", "next", "first", "last")]
    return LIMIT.get(words[-1], "") if words else ""


def _limit_after(tokens: Sequence[str], last: int) -> str:
    pair = " ".join(tokens[last + 1 : last + 3])
    return {"or more": "least", "or over": "least", "or less": "most"}.get(pair, "")
