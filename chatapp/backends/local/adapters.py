"""LoRA adapters over one model in memory: loaded once, exchanged in microseconds."""

import ctypes
from pathlib import Path
from typing import Any

from chatapp.errors import ModelFileError
from localmodel.model_file import check_model

_KEPT = 3  # adapters in memory: what serves, what served before, and one in between


class Adapters:
    """The adapters of one `llama_cpp.Llama`. Not for two threads at once."""

    def __init__(self, llama: Any) -> None:
        self._llama = llama
        self._loaded: dict[Path, Any] = {}
        self._used: Path | None = None

    def use(self, path: Path | None) -> bool:
        """Put `path` over the model, or nothing; whether that is a change. Raises ModelFileError, changing nothing."""
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

    def _pointer(self, path: Path) -> Any:
        import llama_cpp

        if path not in self._loaded:
            check_model(path)
            pointer = llama_cpp.llama_adapter_lora_init(self._llama.model, str(path).encode())
            if not pointer:  # a null pointer, where the file does not fit
                raise _misfit(path)
            self._loaded[path] = pointer
        return self._loaded[path]

    def _forget(self) -> None:
        import llama_cpp

        idle = [path for path in self._loaded if path != self._used]
        for path in idle[: max(0, len(self._loaded) - _KEPT)]:
            llama_cpp.llama_adapter_lora_free(self._loaded.pop(path))


def _misfit(path: Path | None) -> ModelFileError:
    return ModelFileError(
        f"The engine cannot put {str(path)!r} over the model: it is no LoRA adapter for this model.",
        "It is damaged, or was made for another base: fine-tune again on the model that is served, or set "
        "FIRSTLINE_ADAPTER to `none`.",
    )
