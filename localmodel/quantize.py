"""llama.cpp's own quantiser."""

from pathlib import Path

from localmodel.atomic_files import whole
from localmodel.errors import ModelFileError
from localmodel.llama import quieten
from localmodel.processors import usable_processors


def quantize(source: Path, target: Path, kind: str, *, threads: int = 0, again: bool = False) -> None:
    """Write `target`, whole or not at all, in the `kind` of llama.cpp's name, such as Q8_0. A source that is quantised
    itself is taken only with `again`. Raises ModelFileError, and OSError where the disk does not let it.
    """
    import llama_cpp

    quieten()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    params.nthread = threads or usable_processors().threads
    params.allow_requantize = again
    with whole(target) as fresh:
        failed = llama_cpp.llama_model_quantize(str(source).encode(), str(fresh).encode(), params)
        if failed or not fresh.stat().st_size:
            raise ModelFileError(
                f"llama.cpp could not quantise {str(source)!r} to {kind} (code {failed}).",
                "Make room on the disk, and check that the file is a full-precision GGUF model.",
            )
