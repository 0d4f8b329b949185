"""Do two variants of a model say the same? Counted exact, similar or different, prompt by prompt, at temperature 0."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from language import Language

LEAST = 200  # prompts, for a table that decides
SIMILAR = 90.0
"""rapidfuzz ratio, 0 to 100, from which two answers with the same numbers and negations are called similar."""

_DENIES = frozenset({"negation", "restriction"})
_FIGURE = r"\d+(?:[.,:]\d+)*"
_TOKEN = re.compile(rf"{_FIGURE}|[^\W\d_]+(?:['’][^\W\d_]+)*")


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


def alike(one: str, other: str, language: Language | None) -> Same:
    """Exact but for spaces at the ends; similar where few letters differ and no number or negation does.

    Never similar without rules for the language: nobody can say then that no negation differs.
    """
    from rapidfuzz.fuzz import ratio

    one, other = one.strip(), other.strip()
    if one == other:
        return Same.EXACT
    same = language is not None and _telling(one, language) == _telling(other, language)
    return Same.SIMILAR if same and ratio(one, other) >= SIMILAR else Same.DIFFERENT


def agreement(full: Sequence[str], other: Sequence[str], language: Language | None) -> Agreement:
    """Count over the answers to the same prompts, in the same order; symmetric in its arguments."""
    found = [alike(one, two, language) for one, two in zip(full, other, strict=True)]
    return Agreement(*(found.count(kind) for kind in Same))


def _telling(text: str, language: Language) -> list[str]:
    """Figures, number words and negations, in their order."""
    markers, numbers = language.claims.markers, language.numbers
    denying = {word for word, kinds in markers.items() if kinds & _DENIES}
    telling = denying | numbers.values.keys() | numbers.uncounted
    tokens = _TOKEN.findall(text.lower().replace("’", "'"))
    return [word for word in tokens if word[0].isdigit() or telling & {word, *language.contraction(word)}]
