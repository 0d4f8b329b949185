"""What was learnt, in a folder: arrays as npz, the rest as JSON with their hash; no pickle; whole or not at all."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np

from localmodel.atomic_files import sha256, write_folder
from router.errors import ArtefactError, PolicyError

ARRAYS, META = "arrays.npz", "meta.json"
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, BadZipFile, EOFError, PolicyError)
_Made = TypeVar("_Made")


def write_bundle(folder: Path, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
    """Write `folder`. Raises ArtefactError when the disk does not let it."""
    try:
        write_folder(folder, lambda fresh: _fill(fresh, arrays, meta))
    except OSError as error:
        hint = "Make the folder writable, or choose another data folder."
        raise ArtefactError(f"{folder} cannot be written ({error.strerror}).", hint) from error


def read_bundle(
    folder: Path, assemble: Callable[[dict[str, Any], dict[str, Any]], _Made], hint: str = "Remove the folder."
) -> _Made:
    """What `assemble` makes of the arrays and the metadata; it need not check them.

    Raises ArtefactError with `hint` when a file is missing, damaged, or of another form than `assemble` expects.
    """
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if sha256(folder / ARRAYS) != meta["sha256"]:
            raise ArtefactError(f"{folder} is damaged: {ARRAYS} is not the file that was written.", hint)
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            return assemble(dict(arrays), meta)
    except _DAMAGE as error:
        raise ArtefactError(f"{folder} cannot be read ({error!r}).", hint) from error


def _fill(folder: Path, arrays: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
    np.savez(folder / ARRAYS, **arrays)
    whole = {"sha256": sha256(folder / ARRAYS), **meta}
    (folder / META).write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
