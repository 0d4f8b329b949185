"""What ended answers leave in the cache, so that what begins like them need not be evaluated again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Kept:
    """A sequence that nobody uses, and what it holds, computed under `adapter`."""

    sequence: int
    tokens: Tokens
    adapter: Path | None


class Warm:
    """The kept sequences, by least recent use. It does not touch the cache itself."""

    def __init__(self) -> None:
        self._kept: list[Kept] = []  # the least recently used first

    @property
    def size_tokens(self) -> int:
        """Tokens of all of them; what several hold together counts for each."""
        return sum(len(kept.tokens) for kept in self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, kept: Kept) -> None:
        """Take a sequence in, as the most recently used."""
        self._kept.append(kept)

    def best(self, prompt: Tokens, adapter: Path | None) -> tuple[Kept | None, int]:
        """The sequence with the longest beginning in common with the prompt, and its length; it counts as used."""
        alike = [(common(kept.tokens, prompt), at) for at, kept in enumerate(self._kept) if kept.adapter == adapter]
        length, at = max(alike, default=(0, 0))
        if not length:
            return None, 0
        kept = self._kept.pop(at)
        self._kept.append(kept)
        return kept, length

    def oldest(self) -> Kept:
        """Give up the least recently used. Raises IndexError where there is none."""
        return self._kept.pop(0)


def as_tokens(tokens: Sequence[int]) -> Tokens:
    """As `Warm` compares them."""
    return np.array(tokens, np.int32)


def common(one: Tokens, other: Tokens) -> int:
    """Length of the common beginning."""
    size = min(len(one), len(other))
    differs = np.flatnonzero(one[:size] != other[:size])
    return int(differs[0]) if len(differs) else size
