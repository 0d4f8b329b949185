"""How the next token of one answer is chosen: llama.cpp's own samplers, a chain for each answer."""

import ctypes
from typing import Any

import numpy as np

from engine.ask import Sampling
from engine.runtime import Logits

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
"""llama_token_data, as llama.cpp has it."""


class Sampler:
    """The sampler of one answer.

    A chain draws one random number a token and remembers what it chose. So `choose` is called for each position of a
    draft in order, and no further than the first that differs: then an answer has the same tokens with a draft as
    without one, whatever the temperature. Sampling a position and comparing is exact speculative sampling where the
    draft is one fixed text.
    """

    def __init__(self, sampling: Sampling, vocabulary_size: int) -> None:
        self._chain = None if sampling.greedy else _Chain(sampling, vocabulary_size)

    def choose(self, logits: Logits) -> tuple[int, float]:
        """The token that these logits lead to, and the natural logarithm of the model's own probability of it."""
        best = int(logits.argmax())
        token = best if self._chain is None else self._chain.choose(logits)
        return token, log_probability(logits, token, best)

    def close(self) -> None:
        """Free the chain."""
        if self._chain is not None:
            self._chain.close()
            self._chain = None


class _Chain:
    """llama.cpp's samplers, one after the other over the same candidates."""

    def __init__(self, sampling: Sampling, vocabulary_size: int) -> None:
        cpp = _cpp()
        self._chain = cpp.llama_sampler_chain_init(cpp.llama_sampler_chain_default_params())
        for made in _samplers(sampling, vocabulary_size, cpp):
            cpp.llama_sampler_chain_add(self._chain, made)
        self._candidates = np.zeros(vocabulary_size, _CANDIDATE)

    def choose(self, logits: Logits) -> int:
        cpp, candidates = _cpp(), self._candidates
        candidates["id"], candidates["logit"] = (
            np.arange(len(candidates)),
            logits,
        )  # the samplers leave them in disorder
        pointer = candidates.ctypes.data_as(ctypes.POINTER(cpp.llama_token_data))
        array = cpp.llama_token_data_array(data=pointer, size=len(candidates), selected=-1, sorted=False)
        cpp.llama_sampler_apply(self._chain, ctypes.byref(array))
        token = int(array.data[array.selected].id)
        cpp.llama_sampler_accept(self._chain, token)
        return token

    def close(self) -> None:
        _cpp().llama_sampler_free(self._chain)


def log_probability(logits: Logits, token: int, best: int) -> float:
    """The natural logarithm of the softmax of `token`; `best` is the index of the largest."""
    shifted = logits - logits[best]
    # float64 only for the sum: exp of 49,152 float32 values is what costs here.
    return float(shifted[token] - np.log(np.exp(shifted).sum(dtype=np.float64)))


def _samplers(sampling: Sampling, size: int, cpp: Any) -> list[Any]:
    """In llama.cpp's own order: penalties, what is left of the likely, temperature, the draw."""
    made = []
    if sampling.repeat_penalty != 1:
        made.append(cpp.llama_sampler_init_penalties(size, sampling.repeat_tokens, sampling.repeat_penalty, 0.0, 0.0))
    if sampling.temperature == 0:
        return [*made, cpp.llama_sampler_init_greedy()]
    return [
        *made,
        cpp.llama_sampler_init_top_k(sampling.top_k),
        cpp.llama_sampler_init_top_p(sampling.top_p, 1),
        cpp.llama_sampler_init_min_p(sampling.min_p, 1),
        cpp.llama_sampler_init_temp(sampling.temperature),
        cpp.llama_sampler_init_dist(sampling.seed),
    ]


def _cpp() -> Any:
    import llama_cpp

    return llama_cpp
