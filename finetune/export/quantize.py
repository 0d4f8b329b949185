"""Quantised files of a model, made by llama.cpp's own quantiser."""

from enum import StrEnum
from pathlib import Path

from finetune.errors import RunError
from localmodel.errors import ModelFileError
from localmodel.quantize import quantize as write_quantised


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
    try:
        write_quantised(source, target, kind.value, threads=threads)
    except ModelFileError as error:
        raise RunError(error.what, error.hint) from error
    except OSError as error:
        raise RunError(
            f"{target} cannot be written ({error.strerror}).", "Make room, and run `firstline finetune quantize` again."
        ) from error
