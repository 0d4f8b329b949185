"""The outcome model on disk: see `router.bundle` for the form of its files."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from router.bundle import read_bundle, write_bundle
from router.errors import ArtefactError
from router.outcomes.model import OutcomeModel

_NUMBERS = ("base_rate", "slope", "offset", "familiar")
_NAMES = ("categories", "fact_ids")
_AGAIN = "Run `firstline router learn` again, or remove the folder."


def outcomes_folder(cache_dir: Path, pack_folder: Path) -> Path:
    """Where the outcome model of the pack in this folder lives."""
    return cache_dir / f"outcomes-{pack_folder.resolve().name}"


def save_outcomes(model: OutcomeModel, fingerprint: str, folder: Path) -> None:
    """Write `folder` at once. `fingerprint` is the encoder's. Raises ArtefactError when the disk does not let it."""
    arrays = {name: getattr(model, name) for name in _array_names()}
    meta = {name: getattr(model, name) for name in (*_NUMBERS, *_NAMES)}
    write_bundle(folder, arrays, {"encoder": fingerprint, **meta})


def load_outcomes(folder: Path, fingerprint: str) -> OutcomeModel | None:
    """The model, or None when there is no such folder.

    Raises ArtefactError when it is damaged, or was learnt with another encoder.
    """
    if not folder.is_dir():
        return None

    def assemble(arrays: dict[str, Any], meta: dict[str, Any]) -> OutcomeModel:
        if meta["encoder"] != fingerprint:
            what = f"The outcome model in {str(folder)!r} is for the encoder {meta['encoder']!r}, not {fingerprint!r}."
            raise ArtefactError(what, _AGAIN)
        given: dict[str, Any] = {name: arrays[name] for name in _array_names()}
        given |= {name: float(meta[name]) for name in _NUMBERS} | {name: tuple(meta[name]) for name in _NAMES}
        return OutcomeModel(**given)

    return read_bundle(folder, assemble, _AGAIN)


def _array_names() -> list[str]:
    return [field.name for field in fields(OutcomeModel) if field.name not in (*_NUMBERS, *_NAMES)]
