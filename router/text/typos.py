"""Correct typing errors before a message is scored: "trakcing" becomes "tracking".

A word is changed only if neither the pack nor the encoder's vocabulary knows it, and only into a similar word that the
pack uses (optimal string alignment: a letter missing, added, wrong, or swapped with its neighbour).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

MIN_LETTERS = 4
MIN_SIMILARITY = 0.7
_USED = 2  # a word that the pack uses less often is never the correction
_WORD = re.compile(r"[^\W\d_]+")


class Slips:
    """Built from a pack's texts and `knows`: whether a lower-case word is one token of the encoder."""

    def __init__(self, texts: Iterable[str], knows: Callable[[str], bool]) -> None:
        used = Counter(word for text in texts for word in _WORD.findall(text.lower()))
        self._used, self._knows = frozenset(used), knows
        self._meant = sorted(word for word, times in used.items() if times >= _USED and len(word) >= MIN_LETTERS)

    def correct(self, text: str) -> str:
        """The text with its typing errors corrected; everything else stays as it is."""
        return _WORD.sub(lambda match: self._word(match.group()), text)

    def _word(self, word: str) -> str:
        lower = word.lower()
        if len(lower) < MIN_LETTERS or lower in self._used or self._knows(lower):
            return word
        found = process.extractOne(lower, self._meant, scorer=OSA.normalized_similarity, score_cutoff=MIN_SIMILARITY)
        return str(found[0]) if found else word
