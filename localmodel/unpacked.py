"""8-bit weights made once from a file whose own kind llama.cpp computes slowly, with the adapter over it added to them.

llama.cpp multiplies a whole batch at once by weights of some kinds, and row by row by those of others; Q4_1 is one of
them. Its weights written in 8 bits are the same but for a rounding of half a percent of a block's largest. A LoRA
adapter over the model costs two more products for each of its layers; added to the weights it costs nothing.
docs/local-engine.md has the figures.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from localmodel.adapter import BASE_KEY, FORM_KEY, read_adapter
from localmodel.atomic_files import sha256, write_text
from localmodel.errors import BaseModelError
from localmodel.merge import merge
from localmodel.quantize import quantize

log = logging.getLogger(__name__)

FILE_TYPE = "general.file_type"
SLOW = frozenset({"3"})
"""Values of FILE_TYPE: Q4_1."""

GROWTH = 1.7
"""How many times as large the weights become, at most."""

_KEPT = 3  # files: what serves, what served before, and one in between
_MADE_AS = 1
"""Raised whenever weights are made otherwise, so that nobody computes with those of before."""
_ENDS, _MERGING = ".q8_0.gguf", ".merging-"


class Weights(NamedTuple):
    """What is computed with: a model file, and the adapter that is still to be laid over it."""

    path: Path
    adapter: Path | None


def slow(metadata: Mapping[str, str]) -> bool:
    """Whether a model file with this metadata is of a kind that is computed slowly."""
    return metadata.get(FILE_TYPE) in SLOW


def unpacked(path: Path, folder: Path, adapter: Path | None = None) -> Weights:
    """8-bit weights in `folder` of the model `path` with `adapter` added to them.

    They are made in seconds where they are not there, or not as they were made, by one process at a time. Where they
    cannot be, as on a full disk, `path` is computed with, and a warning says so. Raises BaseModelError where the
    adapter cannot be read or does not fit.
    """
    try:
        return Weights(_at_hand(path, folder, adapter), None)
    except BaseModelError:
        raise
    except Exception as error:  # whatever it is, there is another way to answer
        log.warning("Local answers take twice as long: weights could not be made in %s (%r).", folder, error)
        return Weights(path, adapter)


def _at_hand(path: Path, folder: Path, adapter: Path | None) -> Path:
    target = folder / f"{_name(path, adapter)}{_ENDS}"
    if not _whole(target):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            _clear(folder)
            if not _whole(target):
                _make(path, adapter, target)
                _vouched(target).unlink(missing_ok=True)
                write_text(_vouched(target), sha256(target))
    with suppress(OSError):  # of somebody else's folder, which may be read alone
        os.utime(target)
        _forget(folder)
    return target


def _name(path: Path, adapter: Path | None) -> str:
    return f"{_MADE_AS}-{sha256(path)[:32]}" + (f"-{_hash(adapter)[:32]}" if adapter else "")


def _hash(adapter: Path) -> str:
    try:
        return sha256(adapter)
    except OSError as error:
        raise BaseModelError(
            f"The adapter {str(adapter)!r} cannot be read ({error.strerror}).",
            "Restore it, or set FIRSTLINE_ADAPTER to `none`.",
        ) from error


def _make(path: Path, adapter: Path | None, target: Path) -> None:
    if adapter is None:
        quantize(path, target, "Q8_0", again=True)
        return
    before = _hash(adapter)
    read, metadata = read_adapter(adapter)
    told = {"base_sha256": metadata.get(BASE_KEY, ""), "form": metadata.get(FORM_KEY, "")}
    with tempfile.TemporaryDirectory(prefix=_MERGING, dir=target.parent) as scratch:
        full = Path(scratch) / "merged.gguf"
        merge(path, read, full, name=adapter.stem, **told)
        if _hash(adapter) != before:
            raise BaseModelError(f"The adapter {str(adapter)!r} was changed while it was read.", "Start again.")
        quantize(full, target, "Q8_0")


def _clear(folder: Path) -> None:
    """Remove what a process left that was ended while it made weights; under the lock nobody makes any."""
    for left in folder.glob(f"{_MERGING}*"):
        shutil.rmtree(left, ignore_errors=True)
    for left in folder.glob(f".*{_ENDS}-*"):
        left.unlink(missing_ok=True)


def _forget(folder: Path) -> None:
    """Remove all but the files that were used last. A process that computes with one of them keeps it to its end."""
    made = sorted(folder.glob(f"*{_ENDS}"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in made[_KEPT:]:
        _vouched(file).unlink(missing_ok=True)
        file.unlink(missing_ok=True)


def _vouched(target: Path) -> Path:
    return target.with_suffix(".sha256")


def _whole(target: Path) -> bool:
    try:
        return sha256(target) == _vouched(target).read_text(encoding="ascii")
    except (OSError, ValueError):
        return False
