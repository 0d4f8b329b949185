"""Do two variants of a model say the same? Counted exact, similar or different, prompt by prompt, at temperature 0."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

LEAST = 200  # prompts, for a table that decides
SIMILAR = 90.0
"""rapidfuzz ratio, 0 to 100, from which two answers with the same numbers and negations are called similar."""

_NEGATIONS = "no|not|never|none|neither|nor|only|unless|except|cannot|without|[a-z]+n['’]t"
_NUMBERS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    "nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|half|once|twice"
)
_TELLING = re.compile(rf"\d+(?:[.,:]\d+)*|\b(?:{_NEGATIONS}|{_NUMBERS})\b")


class Same(StrEnum):
    """How alike two answers are."""

    EXACT = "exact"
    SIMILAR = "similar"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of the prompts two variants answer alike."""

    exact: int
    similar: int
    different: int

    @property
    def n(self) -> int:
        """Prompts."""
        return self.exact + self.similar + self.different

    @property
    def share_different(self) -> float:
        """0 to 1; what a gate is held against."""
        return self.different / self.n if self.n else 0.0

    def as_json(self) -> dict[str, int]:
        """The three counts."""
        return asdict(self)


def alike(one: str, other: str) -> Same:
    """Exact but for spaces at the ends; similar where few letters differ and no number or negation does."""
    from rapidfuzz.fuzz import ratio

    one, other = one.strip(), other.strip()
    if one == other:
        return Same.EXACT
    same = _TELLING.findall(one.lower()) == _TELLING.findall(other.lower())
    return Same.SIMILAR if same and ratio(one, other) >= SIMILAR else Same.DIFFERENT


def agreement(full: Sequence[str], other: Sequence[str]) -> Agreement:
    """Count over the answers to the same prompts, in the same order; symmetric in its arguments."""
    found = [alike(one, two) for one, two in zip(full, other, strict=True)]
    return Agreement(*(found.count(kind) for kind in Same))
