"""Quantised files of a model, made by llama.cpp's own quantiser."""

from enum import StrEnum
from pathlib import Path

from finetune.errors import RunError
from localmodel.atomic_files import whole
from localmodel.llama import quieten
from localmodel.processors import usable_processors


class Quantisation(StrEnum):
    """The kinds that are made and measured; the names are llama.cpp's."""

    Q8_0 = "Q8_0"
    Q5_K_M = "Q5_K_M"
    Q4_K_M = "Q4_K_M"


def quantize(source: Path, target: Path, kind: Quantisation, threads: int = 0) -> None:
    """Write `target`, whole or not at all. Raises RunError.

    Where a row is no multiple of 256 weights, as in SmolLM2-135M, llama.cpp takes the next kind that fits instead of a
    K kind (Q5_0, Q8_0 and the like).
    """
    import llama_cpp

    quieten()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind.value}")
    params.nthread = threads or usable_processors().threads
    try:
        with whole(target) as fresh:
            failed = llama_cpp.llama_model_quantize(str(source).encode(), str(fresh).encode(), params)
            if failed or not fresh.stat().st_size:
                raise RunError(
                    f"llama.cpp could not quantise {str(source)!r} to {kind.value} (code {failed}).",
                    "Make room on the disk, and check that the file is a full-precision GGUF model.",
                )
    except OSError as error:
        raise RunError(
            f"{target} cannot be written ({error.strerror}).", "Make room, and run `firstline finetune quantize` again."
        ) from error
