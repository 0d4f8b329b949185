"""The outcome model on disk: arrays as npz, the rest as JSON, no pickle; whole or not at all."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from localmodel.atomic_files import sha256, write_folder
from router.errors import ArtefactError
from router.outcomes.model import OutcomeModel

ARRAYS, META = "arrays.npz", "meta.json"
_NUMBERS = ("base_rate", "slope", "offset", "familiar")
_NAMES = ("categories", "fact_ids")
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, BadZipFile, EOFError)
_AGAIN = "Run `firstline router learn` again, or remove the folder."


def outcomes_folder(cache_dir: Path, pack_folder: Path) -> Path:
    """Where the outcome model of the pack in this folder lives."""
    return cache_dir / f"outcomes-{pack_folder.resolve().name}"


def save_outcomes(model: OutcomeModel, fingerprint: str, folder: Path) -> None:
    """Write `folder` at once. `fingerprint` is the encoder's. Raises ArtefactError when the disk does not let it."""
    try:
        write_folder(folder, lambda fresh: _write(model, fingerprint, fresh))
    except OSError as error:
        hint = "Make the folder writable, or choose another data folder."
        raise ArtefactError(f"{folder} cannot be written ({error.strerror}).", hint) from error


def load_outcomes(folder: Path, fingerprint: str) -> OutcomeModel | None:
    """The model, or None when there is no such folder.

    Raises ArtefactError when it is damaged, or was learnt with another encoder.
    """
    if not folder.is_dir():
        return None
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        made_for, whole = str(meta["encoder"]), sha256(folder / ARRAYS) == meta["sha256"]
        model = _assemble(folder, meta) if whole and made_for == fingerprint else None
    except _DAMAGE as error:
        raise ArtefactError(f"The outcome model in {str(folder)!r} cannot be read ({error!r}).", _AGAIN) from error
    if made_for != fingerprint:
        what = f"The outcome model in {str(folder)!r} is for the encoder {made_for!r}, not {fingerprint!r}."
        raise ArtefactError(what, _AGAIN)
    if model is None:
        raise ArtefactError(f"The outcome model in {str(folder)!r} is damaged.", _AGAIN)
    return model


def _write(model: OutcomeModel, fingerprint: str, folder: Path) -> None:
    np.savez(folder / ARRAYS, **{name: getattr(model, name) for name in _array_names()})
    plain = {name: getattr(model, name) for name in (*_NUMBERS, *_NAMES)}
    meta = {"encoder": fingerprint, "sha256": sha256(folder / ARRAYS), **plain}
    (folder / META).write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")


def _assemble(folder: Path, meta: dict[str, Any]) -> OutcomeModel:
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        given: dict[str, Any] = {name: arrays[name] for name in _array_names()}
    given |= {name: float(meta[name]) for name in _NUMBERS} | {name: tuple(meta[name]) for name in _NAMES}
    return OutcomeModel(**given)


def _array_names() -> list[str]:
    return [field.name for field in fields(OutcomeModel) if field.name not in (*_NUMBERS, *_NAMES)]
