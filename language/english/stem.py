"""A crude English stem."""

from functools import lru_cache

_ENDINGS = (("ing", 6), ("ies", 5), ("ied", 5), ("ed", 5), ("es", 5), ("s", 4), ("ly", 6))
"""Each with the length of the shortest word that it is taken from."""
_WORDS = 8192
"""As many are remembered: a guard asks for the same few hundred at every piece of an answer."""


@lru_cache(_WORDS)
def stem(word: str) -> str:
    """The same for return, returns, returned and returning.

    Cruder than Snowball's on purpose: that takes `useless` for `use` and `exception` for `except`, so the support guard
    would let a word pass that says something else than its source (docs/languages.md has the figures).
    """
    base = _without_ending(word)
    if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "aeiouls":
        base = base[:-1]
    return base.removesuffix("e") if len(base) > 3 else base


def _without_ending(word: str) -> str:
    for ending, least in _ENDINGS:
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            base = word.removesuffix(ending)
            return base + "y" if ending in ("ies", "ied") else base
    return word
