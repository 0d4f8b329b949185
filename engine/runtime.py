"""llama.cpp's context with many sequences in it: the one file that speaks to its batches and its memory.

All sequences share one cache (`kv_unified`), so what several have in common is held once, and copying it is a matter of
marking cells. For one thread.
"""

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gguf import GGMLQuantizationType
from numpy.typing import NDArray

from engine.errors import EngineFailedError
from engine.options import EngineOptions
from engine.warm import State
from localmodel.errors import ModelFileError
from localmodel.llama import Adapters, first_error, forget_errors, load_weights
from localmodel.processors import usable_processors
from localmodel.unpacked import Weights

Logits = NDArray[np.float32]

_NO_ROOM = 1  # of llama_decode
_AGAIN = "The engine starts again by itself."


class Entry(NamedTuple):
    """One token of a batch: its position in its sequence, and whether its logits are wanted."""

    token: int
    position: int
    sequence: int
    wanted: bool


class Runtime:
    """A model, a context for many sequences, and the LoRA adapter over it.

    Invariants: what one sequence holds is seen by no other; a step that fails leaves the context to be made anew by
    `restart`, which forgets all sequences.
    """

    def __init__(self, path: Path, options: EngineOptions, weights: Callable[[Path | None], Weights]) -> None:
        """Load the file. `weights` says what an adapter's answers are computed with. Raises ModelFileError."""
        import llama_cpp

        self._cpp: Any = llama_cpp
        self._path, self._options, self._weights = path, options, weights
        self._ready: tuple[Path, Any] | None = None
        self.model = load_weights(path, gpu_layers=options.gpu_layers)
        vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.vocabulary_size: int = llama_cpp.llama_vocab_n_tokens(vocabulary)
        self.ctx: Any = None  # for the adapters
        try:
            self.restart()
        except BaseException:
            self.free(self.model)
            raise

    @property
    def slides(self) -> bool:
        """Whether some layers see a window of the last tokens alone. What was restored then lacks those before it."""
        return bool(self._cpp.llama_model_n_swa(self.model) > 0)

    @property
    def forgets_parts(self) -> bool:
        """Whether a part of a sequence can be taken back. A recurrent memory cannot, so nothing is drafted over it."""
        return not (self._cpp.llama_model_is_recurrent(self.model) or self._cpp.llama_model_is_hybrid(self.model))

    def restart(self) -> None:
        """Make the context anew, with nothing in it and no adapter over it. Raises EngineFailedError."""
        self._free_context()
        forget_errors()
        self.ctx = self._cpp.llama_init_from_model(self.model, self._parameters())
        if not self.ctx:
            raise EngineFailedError(
                f"The engine could not make a context of {self._options.cells} tokens for {str(self._path)!r}: "
                f"{first_error()}.",
                "Lower FIRSTLINE_LOCAL_CACHE_TOKENS, or leave FIRSTLINE_LOCAL_CACHE_TYPE and "
                "FIRSTLINE_LOCAL_FLASH_ATTENTION as they are by default.",
            )
        self._memory = self._cpp.llama_get_memory(self.ctx)
        self._vocab = self._cpp.llama_model_get_vocab(self.model)
        self._adapters = Adapters(self)
        self._used: tuple[Path | None, ...] = ()
        self._batch = _Batch(self._cpp, self._options.batch_tokens)

    def _parameters(self) -> Any:
        options, cpp = self._options, self._cpp
        made = cpp.llama_context_default_params()
        made.n_ctx = options.cells
        made.n_batch = made.n_ubatch = options.batch_tokens
        made.n_seq_max = self._options.sequences
        made.n_threads = made.n_threads_batch = options.threads or usable_processors().threads
        made.kv_unified = made.swa_full = made.no_perf = True
        made.type_k = made.type_v = GGMLQuantizationType[options.cache_type.upper()].value
        made.flash_attn_type = {
            None: cpp.LLAMA_FLASH_ATTN_TYPE_AUTO,
            True: cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED,
            False: cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED,
        }[options.flash_attention]
        return made

    def decode(self, entries: Sequence[Entry]) -> None:
        """Evaluate one batch. Raises EngineFailedError."""
        code = self._cpp.llama_decode(self.ctx, self._batch.filled(entries))
        if code:
            what = "has no room for the batch" if code == _NO_ROOM else f"ended with code {code}"
            raise EngineFailedError(f"llama.cpp {what} ({len(entries)} tokens).", _AGAIN)

    def logits(self, index: int) -> Logits:
        """The logits after entry `index` of the last batch, (vocabulary_size,); they hold until the next one."""
        pointer = self._cpp.llama_get_logits_ith(self.ctx, index)
        if not pointer:
            raise EngineFailedError(f"llama.cpp gave no logits for entry {index}.", _AGAIN)
        return np.ctypeslib.as_array(pointer, shape=(self.vocabulary_size,))

    def ends_answer(self, token: int) -> bool:
        """Whether the token is one that ends an answer."""
        return bool(self._cpp.llama_vocab_is_eog(self._vocab, token))

    def copy(self, source: int, target: int, tokens: int) -> None:
        """Let `target` hold the first `tokens` of `source` too, of which it holds nothing yet; -1 for all."""
        self._cpp.llama_memory_seq_cp(self._memory, source, target, 0, tokens)

    def cut(self, sequence: int, tokens: int) -> None:
        """Take back all but the first `tokens` of a sequence; 0 takes back all."""
        if not self._cpp.llama_memory_seq_rm(self._memory, sequence, tokens or -1, -1):
            raise EngineFailedError("This model's memory cannot take back a part of a sequence.", _AGAIN)

    def save(self, sequence: int, begin: int, end: int) -> State:
        """What a sequence holds of its tokens from `begin` to `end`, for `load`."""
        spare, cpp = self._spare, self._cpp
        cpp.llama_memory_seq_cp(self._memory, sequence, spare, begin, end)
        state = np.empty(cpp.llama_state_seq_get_size(self.ctx, spare), np.uint8)
        written = cpp.llama_state_seq_get_data(self.ctx, _bytes(state), state.nbytes, spare)
        self.cut(spare, 0)
        if written != state.nbytes:
            raise EngineFailedError("llama.cpp did not give what a sequence holds.", _AGAIN)
        return state

    def load(self, states: Sequence[State], sequence: int) -> None:
        """Let a sequence, which is empty, hold what `save` gave, pieces that follow one another."""
        *before, last = states
        self._restore(last, sequence)  # the last first, since llama.cpp empties what it restores into
        for state in before:
            self._restore(state, self._spare)
            self.copy(self._spare, sequence, -1)
            self.cut(self._spare, 0)

    def _restore(self, state: State, sequence: int) -> None:
        if self._cpp.llama_state_seq_set_data(self.ctx, _bytes(state), state.nbytes, sequence) != state.nbytes:
            raise EngineFailedError("llama.cpp did not take back what a sequence held.", _AGAIN)

    @property
    def _spare(self) -> int:
        return self._options.streams

    def loaded(self, path: Path) -> Any:
        """The model of other weights than those in use, for `prepare`; None for these. From any thread; raises
        ModelFileError.
        """
        return None if path == self._path else load_weights(path, gpu_layers=self._options.gpu_layers)

    def free(self, model: Any) -> None:
        """Free what `loaded` gave."""
        if model:
            self._cpp.llama_model_free(model)

    def prepare(self, weights: Weights, model: Any) -> None:
        """Have at hand what `use` will need, `model` being their model. Raises BaseModelError where it does not fit."""
        if model:
            self._free_ready()
            self._ready = weights.path, model
        elif weights.adapter and weights.path == self._path:
            self._adapters.load(weights.adapter)

    def use(self, adapter: Path | None) -> None:
        """Compute with this adapter from the next batch on, or with none. No sequence holds anything then, if that is
        a change. Raises BaseModelError and ModelFileError, and then changes nothing.
        """
        if self._used == (adapter,):
            return
        weights = self._weights(adapter)
        if weights.path != self._path:
            self._exchange(weights.path)
        self._adapters.use(weights.adapter)
        self._used = (adapter,)

    def _exchange(self, path: Path) -> None:
        if self._ready and self._ready[0] == path:
            model, self._ready = self._ready[1], None
        else:
            model = load_weights(path, gpu_layers=self._options.gpu_layers)
        before, self._path, self.model = (self._path, self.model), path, model
        try:
            self.restart()
        except EngineFailedError as error:
            self._path, self.model = before
            self.free(model)
            self.restart()
            raise ModelFileError(error.what, error.hint) from error
        self.free(before[1])

    def _free_ready(self) -> None:
        if self._ready:
            self.free(self._ready[1])
            self._ready = None

    def close(self) -> None:
        """Free everything."""
        self._free_context()
        self._free_ready()
        self.free(self.model)

    def _free_context(self) -> None:
        if self.ctx:
            self._adapters.close()
            self._cpp.llama_free(self.ctx)
            self.ctx = None


def _bytes(state: State) -> Any:
    return state.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


class _Batch:
    """llama.cpp's batch over arrays of ours, each entry in one sequence."""

    def __init__(self, cpp: Any, size: int) -> None:
        self._tokens, self._positions = np.zeros(size, np.int32), np.zeros(size, np.int32)
        self._counts, self._sequences = np.ones(size, np.int32), np.zeros(size, np.int32)
        self._wanted = np.zeros(size, np.int8)
        number = ctypes.POINTER(ctypes.c_int32)
        first = self._sequences.ctypes.data
        self._each = (number * size)(*(ctypes.cast(first + 4 * at, number) for at in range(size)))
        self._batch = cpp.llama_batch()
        self._batch.token = self._tokens.ctypes.data_as(number)
        self._batch.pos = self._positions.ctypes.data_as(number)
        self._batch.n_seq_id = self._counts.ctypes.data_as(number)
        self._batch.seq_id = self._each
        self._batch.logits = self._wanted.ctypes.data_as(ctypes.POINTER(ctypes.c_int8))

    def filled(self, entries: Sequence[Entry]) -> Any:
        """The batch of these entries; the next call overwrites it."""
        size = len(entries)
        columns = np.array(entries, np.int32)
        self._tokens[:size], self._positions[:size], self._sequences[:size] = (
            columns[:, 0],
            columns[:, 1],
            columns[:, 2],
        )
        self._wanted[:size] = columns[:, 3]
        self._batch.n_tokens = size
        return self._batch
