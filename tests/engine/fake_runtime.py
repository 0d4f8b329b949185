"""A runtime without a model, which minds every rule of llama.cpp's memory and whose next token tells all that it saw.

The likeliest token after a sequence is a number made of the whole sequence and the adapter. So an answer is as it would
be alone only if each step evaluated exactly the right tokens, at the right places, under the right adapter.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.runtime import Entry, Logits
from engine.warm import State
from localmodel.errors import BaseModelError

SIZE, END = 64, 0
"""Of the vocabulary, and the token that ends an answer."""

BROKEN = Path("broken.gguf")


def following(tokens: Sequence[int], adapter: Path | None) -> int:
    """The token after these."""
    return zlib.crc32(repr((tuple(tokens), adapter)).encode()) % SIZE


def alone(prompt: Sequence[int], max_tokens: int, adapter: Path | None) -> list[int]:
    """The answer to a prompt that nobody else's is beside."""
    tokens = list(prompt)
    for _ in range(max_tokens):
        token = following(tokens, adapter)
        if token == END:
            break
        tokens.append(token)
    return tokens[len(prompt) :]


class FakeRuntime:
    """Sequences as lists. `cells` bounds the tokens of all together, what several share counted once a sequence. A
    state is a number, under which `saved` has what it stands for.
    """

    forgets_parts = True
    slides = False
    vocabulary_size = SIZE
    ctx: Any = None

    def __init__(self, cells: int, batch_tokens: int, sequences: int) -> None:
        self.cells, self.batch_tokens, self.sequences = cells, batch_tokens, sequences
        self.saved: list[tuple[int, list[int], Path | None]] = []
        self.held: dict[int, list[int]] = {}
        self.computed_under: dict[int, Path | None] = {}
        self.adapter: Path | None = None
        self.steps = self.evaluated = self.restarts = 0
        self.error: Exception | None = None
        self._after: dict[int, list[int]] = {}

    def decode(self, entries: Sequence[Entry]) -> None:
        """Evaluate, as long as every rule is kept."""
        self.steps += 1
        self.evaluated += len(entries)
        if self.error:
            raise self.error
        assert 0 < len(entries) <= self.batch_tokens
        self._after = {}
        for index, (token, position, sequence, wanted) in enumerate(entries):
            assert 0 <= sequence < self.sequences
            held = self.held.setdefault(sequence, [])
            assert len(held) == position, "positions follow one another"
            assert self.computed_under.setdefault(sequence, self.adapter) == self.adapter, "one adapter a sequence"
            held.append(token)
            if wanted:
                self._after[index] = list(held)
        assert sum(map(len, self.held.values())) <= self.cells, "what is held fits"

    def logits(self, index: int) -> Logits:
        """One is likely, and none else; only where they were wanted."""
        row = np.zeros(SIZE, np.float32)
        row[following(self._after[index], self.adapter)] = 9
        return row

    def ends_answer(self, token: int) -> bool:
        return token == END

    def copy(self, source: int, target: int, tokens: int) -> None:
        assert not self.held.get(target), "only into an empty sequence"
        assert tokens <= len(self.held[source])
        assert self.computed_under[source] == self.adapter
        self.held[target] = self.held[source][:tokens]
        self.computed_under[target] = self.computed_under[source]

    def cut(self, sequence: int, tokens: int) -> None:
        self.held[sequence] = self.held.get(sequence, [])[:tokens]
        if not tokens:
            self.computed_under.pop(sequence, None)

    def save(self, sequence: int, begin: int, end: int) -> State:
        assert begin < end <= len(self.held[sequence])
        self.saved.append((begin, self.held[sequence][begin:end], self.computed_under[sequence]))
        return np.array([len(self.saved) - 1]).view(np.uint8)

    def load(self, states: Sequence[State], sequence: int) -> None:
        assert not self.held.get(sequence), "only into an empty sequence"
        held: list[int] = []
        for state in states:
            begin, tokens, adapter = self.saved[int(state.view(np.int64)[0])]
            assert begin == len(held), "the pieces follow one another"
            assert adapter == self.adapter
            held += tokens
        self.held[sequence], self.computed_under[sequence] = held, self.adapter

    def use(self, adapter: Path | None) -> None:
        if adapter == BROKEN:
            raise BaseModelError("broken.gguf is broken.", "Mend it.")
        assert adapter == self.adapter or not any(self.held.values()), "only an empty memory changes its adapter"
        self.adapter = adapter

    def restart(self) -> None:
        self.held, self.computed_under, self.adapter, self.error = {}, {}, None, None
        self.restarts += 1

    def close(self) -> None:
        self.held = {}


VOCABULARY: Any = SimpleNamespace(piece=lambda token: f"{token} ".encode())
