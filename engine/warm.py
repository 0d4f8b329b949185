"""Beginnings of prompts that were evaluated, kept in the host's memory so that they need not be evaluated again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]
State = NDArray[np.uint8]
"""What llama.cpp's memory holds of some tokens of one sequence, in a form of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Beginning:
    """The first tokens of prompts, and what the memory held of them under `adapter`.

    `state` has those from the end of `before` on, so what several have in common is kept once.
    """

    tokens: Tokens
    state: State
    adapter: Path | None
    before: "Beginning | None" = None

    @property
    def parts(self) -> "tuple[Beginning, ...]":
        """Those that make up the whole, the first first."""
        return (*(self.before.parts if self.before else ()), self)

    @property
    def size_bytes(self) -> int:
        """Of its own part."""
        return self.state.nbytes + self.tokens.nbytes


class Warm:
    """Beginnings, by least recent use, of at most `most_bytes` together.

    Invariant: what another one builds on was used after it, and so stays as long.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: list[Beginning] = []  # the least recently used first
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def best(self, prompt: Tokens, adapter: Path | None) -> Beginning | None:
        """The longest that the prompt begins with; it counts as used."""
        found = max(
            (kept for kept in self._kept if kept.adapter == adapter and _begins(prompt, kept.tokens)),
            key=lambda kept: len(kept.tokens),
            default=None,
        )
        if found:
            self._use(found)
        return found

    def keep(self, beginning: Beginning) -> bool:
        """Take one in, as the most recently used; the least recently used make room for it. Returns whether some had
        to. One that is larger than all may be is left.
        """
        if beginning.size_bytes > self._most_bytes:
            return True
        self._kept.append(beginning)
        self.size_bytes += beginning.size_bytes
        self._use(beginning)
        full = self.size_bytes > self._most_bytes
        while self.size_bytes > self._most_bytes:
            self.size_bytes -= self._kept.pop(0).size_bytes
        return full

    def _use(self, beginning: Beginning) -> None:
        for part in reversed(beginning.parts):
            self._kept.remove(part)
            self._kept.append(part)


def as_tokens(tokens: Sequence[int]) -> Tokens:
    """As `Warm` compares them."""
    return np.array(tokens, np.int32)


def common(one: Sequence[int] | Tokens, other: Sequence[int] | Tokens) -> int:
    """Length of the common beginning."""
    size = min(len(one), len(other))
    differs = np.flatnonzero(np.asarray(one[:size]) != np.asarray(other[:size]))
    return int(differs[0]) if len(differs) else size


def _begins(prompt: Tokens, tokens: Tokens) -> bool:
    return len(tokens) <= len(prompt) and bool((prompt[: len(tokens)] == tokens).all())
