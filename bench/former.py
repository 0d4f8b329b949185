"""The plain way, beside which the engine is measured: one answer at a time, one token a step.

It is what llama-cpp-python's own loop does, with its warm prefix of the last prompt. Not used by the product.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine import Piece
from engine.sampler import log_probability
from localmodel.llama import Adapters, load_llama
from localmodel.vocabulary import Vocabulary


class TokenByToken:
    """One model, one adapter, one answer after the other. Greedy."""

    def __init__(self, path: Path, adapter: Path | None, threads: int, context_tokens: int = 2048) -> None:
        import llama_cpp

        self._cpp: Any = llama_cpp
        self._llama = load_llama(path, threads=threads, n_ctx=context_tokens)
        self.vocabulary = Vocabulary.of(self._llama, path)
        Adapters(self._llama).use(adapter)
        self._vocab = llama_cpp.llama_model_get_vocab(self._llama.model)

    def answer(self, prompt: Sequence[int], max_tokens: int) -> Iterator[Piece]:
        """The pieces of one answer, each as it is made."""
        warm = self._rewind(prompt[:-1])
        self._llama.eval(list(prompt[warm:]))
        for _ in range(max_tokens):
            pointer = self._cpp.llama_get_logits_ith(self._llama.ctx, -1)
            logits = np.ctypeslib.as_array(pointer, shape=(self._llama.n_vocab(),))
            token = int(logits.argmax())
            if self._cpp.llama_vocab_is_eog(self._vocab, token):
                return
            text = self.vocabulary.piece(token).decode(errors="replace")
            yield Piece(token, text, log_probability(logits, token, token))
            self._llama.eval([token])

    def _rewind(self, prompt: Sequence[int]) -> int:
        warm = self._llama.input_ids[: self._llama.n_tokens]
        size = min(len(warm), len(prompt))
        differs = np.flatnonzero(warm[:size] != np.asarray(prompt[:size], dtype=warm.dtype))
        kept = int(differs[0]) if len(differs) else size
        self._cpp.llama_memory_seq_rm(self._cpp.llama_get_memory(self._llama.ctx), 0, kept, -1)
        self._llama.n_tokens = kept
        return kept

    def close(self) -> None:
        """Free the model."""
        self._llama.close()
