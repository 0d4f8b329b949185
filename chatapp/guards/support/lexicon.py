"""A language's words as the support guard looks them up, worked out once a language."""

import re
from dataclasses import dataclass
from functools import cache

from language import Language

_FIGURES = re.compile(r"-?\d")
_BETWEEN_FIGURES = frozenset({"-", "–"})


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What follows from a language's word classes.

    `verb_stems`, `limit_stems` and `quantity_stems` are stems of words of these kinds. `never_named` begin no name
    ("In 2" is none, `Skua 2` is). `counted` after a number say that it counts something.
    """

    language: Language
    verb_stems: frozenset[str]
    limit_stems: frozenset[str]
    quantity_stems: frozenset[str]
    never_named: frozenset[str]
    counted: frozenset[str]
    range_words: frozenset[str]

    def is_number(self, token: str) -> bool:
        """Whether a token is a number in figures or words."""
        return token in self.language.numbers.values or bool(_FIGURES.match(token))

    def is_content(self, word: str) -> bool:
        """Whether a word claims something by itself."""
        claims = self.language.claims
        silent = word in claims.function or word in claims.markers
        return word[0].isalpha() and not silent and not self.is_number(word)


@cache
def lexicon_of(language: Language) -> Lexicon:
    """The lexicon of a language."""
    claims, numbers, stem = language.claims, language.numbers, language.stem
    return Lexicon(
        language=language,
        verb_stems=frozenset(map(stem, claims.verbs)),
        limit_stems=frozenset(map(stem, numbers.limits)),
        quantity_stems=frozenset(map(stem, numbers.unit_words | numbers.values.keys())),
        never_named=frozenset(
            claims.function | claims.subordinate | claims.conjunctions | numbers.limits.keys() | claims.markers.keys()
        ),
        counted=frozenset(
            {*numbers.units, *numbers.halves, *(first for first, _ in numbers.unit_pairs), *_BETWEEN_FIGURES}
        ),
        range_words=numbers.range_words | _BETWEEN_FIGURES,
    )
