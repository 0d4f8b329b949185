"""How an engine is set up."""

from dataclasses import dataclass
from pathlib import Path

TOKENS_A_STREAM = 512
"""Of the cache, unless said otherwise: a prompt with a fact and its answer take 200 to 400."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Sizes in tokens, for one engine.

    `context_tokens` bounds one prompt with its answer. `streams` answers are made at once, `line` more may wait.
    `cache_tokens` is what all of them may hold together, 0 for 512 a stream or twice the context, whichever is more.
    Beside it, `warm_bytes` of the host's memory keep beginnings of prompts. A step evaluates at most `batch_tokens`,
    which bounds how long it takes. `draft_tokens` is the longest draft, 0 for none.

    `threads` 0 means as many as this process may use. The next four are llama.cpp's own settings of the same names;
    `cache_type` is the type of the keys and values in the cache. With `unpack_folder` a model of a kind that llama.cpp
    computes slowly is computed in 8 bits, from a file there (`localmodel.unpacked`).
    """

    context_tokens: int = 2048
    streams: int = 8
    line: int = 200
    cache_tokens: int = 0
    warm_bytes: int = 256 * 2**20
    batch_tokens: int = 256
    draft_tokens: int = 64
    threads: int = 0
    gpu_layers: int = 0
    flash_attention: bool | None = None
    cache_type: str = "f16"
    unpack_folder: Path | None = None

    @property
    def sequences(self) -> int:
        """Sequences of a context: those of running answers, and one for what goes to memory and comes from it."""
        return self.streams + 1

    @property
    def cells(self) -> int:
        """Tokens that the cache holds."""
        enough = max(2 * self.context_tokens, TOKENS_A_STREAM * self.streams)
        return max(self.cache_tokens or enough, self.context_tokens)
