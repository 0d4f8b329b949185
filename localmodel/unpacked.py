"""8-bit weights made once from a file whose own kind llama.cpp computes slowly, with the adapter over it added to them.

llama.cpp multiplies a whole batch at once by weights of some kinds, and row by row by those of others; Q4_1 is one of
them. Its weights written in 8 bits are the same but for a rounding of half a percent of a block's largest. A LoRA
adapter over the model costs two more products for each of its layers; added to the weights it costs nothing.
docs/local-engine.md has the figures.
"""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from localmodel.adapter import BASE_KEY, FORM_KEY, read_adapter
from localmodel.atomic_files import sha256, write_text
from localmodel.errors import ModelFileError
from localmodel.merge import merge
from localmodel.quantize import quantize

log = logging.getLogger(__name__)

FILE_TYPE = "general.file_type"
SLOW = frozenset({"3"})
"""Values of FILE_TYPE: Q4_1."""

GROWTH = 1.7
"""How many times as large the weights become, at most."""

_KEPT = 3  # files: what serves, what served before, and one in between


class Weights(NamedTuple):
    """What is computed with: a model file, and the adapter that is still to be laid over it."""

    path: Path
    adapter: Path | None


def slow(metadata: Mapping[str, str]) -> bool:
    """Whether a model file with this metadata is of a kind that is computed slowly."""
    return metadata.get(FILE_TYPE) in SLOW


def unpacked(path: Path, folder: Path, adapter: Path | None = None) -> Weights:
    """8-bit weights in `folder` of the model `path` with `adapter` added to them.

    They are made in seconds where they are not there, or not as they were made. Where the disk does not take them
    `path` is computed with, and a warning says so. Raises BaseModelError where the adapter does not fit.
    """
    name = sha256(path) if adapter is None else f"{sha256(path)[:32]}-{sha256(adapter)[:32]}"
    target = folder / f"{name}.q8_0.gguf"
    vouched = _vouched(target)
    try:
        if _whole(target, vouched):
            target.touch()
        else:
            folder.mkdir(parents=True, exist_ok=True)
            _make(path, adapter, target)
            write_text(vouched, sha256(target))
            _forget(folder)
    except (OSError, ModelFileError) as error:
        log.warning("Local answers take twice as long: %s cannot be written (%s). Make room for it.", target, error)
        return Weights(path, adapter)
    return Weights(target, None)


def _make(path: Path, adapter: Path | None, target: Path) -> None:
    if adapter is None:
        quantize(path, target, "Q8_0", again=True)
        return
    read, metadata = read_adapter(adapter)
    told = {"base_sha256": metadata.get(BASE_KEY, ""), "form": metadata.get(FORM_KEY, "")}
    with tempfile.TemporaryDirectory(prefix=".merging-", dir=target.parent) as scratch:
        full = Path(scratch) / "merged.gguf"
        merge(path, read, full, name=adapter.stem, **told)
        quantize(full, target, "Q8_0")


def _forget(folder: Path) -> None:
    """Remove all but the files that were used last. A process that computes with one of them keeps it to its end."""
    made = sorted(folder.glob("*.q8_0.gguf"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in made[_KEPT:]:
        _vouched(file).unlink(missing_ok=True)
        file.unlink(missing_ok=True)


def _vouched(target: Path) -> Path:
    return target.with_suffix(".sha256")


def _whole(target: Path, vouched: Path) -> bool:
    try:
        return sha256(target) == vouched.read_text(encoding="ascii")
    except (OSError, ValueError):
        return False
