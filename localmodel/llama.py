"""The one way to load llama.cpp here: a model, and LoRA adapters over it.

What llama-cpp-python leaves to its users is done once: its log goes to ours, and a null pointer is an error.
"""

import ctypes
import logging
from collections import deque
from functools import cache
from pathlib import Path
from typing import Any

from localmodel.errors import BaseModelError, ModelFileError

log = logging.getLogger(__name__)

_LOG_WARNING, _LOG_ERROR = 3, 4  # ggml_log_level
_said: deque[str] = deque(maxlen=8)
"""Errors that llama.cpp has logged: all that it says of why it refuses something. The first one has the reason."""

_EVERY_LAYER = 2**31 - 1
_KEPT = 3  # adapters in memory: what serves, what served before, and one in between


def load_llama(path: Path, *, threads: int = 1, **options: Any) -> Any:
    """A `llama_cpp.Llama` of the GGUF file `path`; `options` are its own, above all `n_ctx`. Raises ModelFileError."""
    from llama_cpp import Llama

    forget_errors()
    options |= {"n_threads": threads, "n_threads_batch": threads}
    try:
        return Llama(str(path), verbose=False, **options)
    except Exception as error:
        raise _unloadable(path, _said[0] if _said else str(error)) from error


def load_weights(path: Path, *, gpu_layers: int = 0) -> Any:
    """llama.cpp's pointer to the model in the GGUF file `path`, without a context. Raises ModelFileError."""
    import llama_cpp

    forget_errors()
    llama_cpp.llama_backend_init()
    parameters = llama_cpp.llama_model_default_params()
    parameters.n_gpu_layers = _EVERY_LAYER if gpu_layers < 0 else gpu_layers
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
    if not model:
        raise _unloadable(path, first_error())
    return model


def forget_errors() -> None:
    """Before something that llama.cpp may refuse."""
    quieten()
    _said.clear()


def first_error() -> str:
    """The first error that llama.cpp has logged since `forget_errors`."""
    return _said[0] if _said else "llama.cpp does not say why"


def _unloadable(path: Path, why: str) -> ModelFileError:
    return ModelFileError(
        f"The engine cannot load {str(path)!r}: {why.strip().rstrip('.')}.",
        "It is damaged, not of a kind that this llama.cpp knows, or too large for the memory: set "
        "FIRSTLINE_LOCAL_MODEL to another GGUF file, or lower FIRSTLINE_LOCAL_CONTEXT_TOKENS.",
    )


@cache
def quieten() -> Any:
    """Send llama.cpp's own log to ours at level debug, once a process. Cached because C keeps the pointer."""
    import llama_cpp

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def forward(level: int, text: bytes, _data: object) -> None:
        if level == _LOG_ERROR:
            _said.append(text.decode(errors="replace").strip())
        if level >= _LOG_WARNING:
            log.debug("llama.cpp: %s", text.decode(errors="replace").rstrip())

    llama_cpp.llama_log_set(forward, None)
    return forward


class Adapters:
    """The LoRA adapters of one context: loaded once, switched in microseconds. Not thread-safe."""

    def __init__(self, llama: Any) -> None:
        """`llama` has llama.cpp's pointers `model` and `ctx`, as `llama_cpp.Llama` does."""
        self._llama = llama
        self._loaded: dict[Path, Any] = {}
        self._used: Path | None = None

    def use(self, path: Path | None) -> bool:
        """Put the adapter `path` over the model, or none. Returns whether that is a change. Raises BaseModelError, and
        then changes nothing.
        """
        import llama_cpp

        if path == self._used:
            return False
        pointer: Any = self._pointer(path) if path else None
        kind, count = llama_cpp.llama_adapter_lora_p_ctypes, 1 if pointer else 0
        scales = (ctypes.c_float * 1)(1.0)
        if llama_cpp.llama_set_adapters_lora(self._llama.ctx, (kind * 1)(pointer), count, scales):
            raise _misfit(path)
        self._used = path
        self._forget()
        return True

    def load(self, path: Path) -> None:
        """Load an adapter, so that `use` takes no time. Raises BaseModelError."""
        self._pointer(path)

    def close(self) -> None:
        """Free all of them; the context must not be used after it."""
        import llama_cpp

        for pointer in self._loaded.values():
            llama_cpp.llama_adapter_lora_free(pointer)
        self._loaded.clear()

    def _pointer(self, path: Path) -> Any:
        import llama_cpp

        if path not in self._loaded:
            pointer = llama_cpp.llama_adapter_lora_init(self._llama.model, str(path).encode())
            if not pointer:  # a null pointer, where the file is missing or does not fit
                raise _misfit(path)
            self._loaded[path] = pointer
        return self._loaded[path]

    def _forget(self) -> None:
        import llama_cpp

        idle = [path for path in self._loaded if path != self._used]
        for path in idle[: max(0, len(self._loaded) - _KEPT)]:
            llama_cpp.llama_adapter_lora_free(self._loaded.pop(path))


def _misfit(path: Path | None) -> BaseModelError:
    return BaseModelError(
        f"The adapter {str(path)!r} cannot be put over the model: it is no LoRA adapter for it.",
        "It is missing, damaged or made for another base: fine-tune again on the model that is served, or set "
        "FIRSTLINE_ADAPTER to `none`.",
    )
