"""Trained artefacts on disk: arrays as npz, the rest as JSON, no pickle; whole or not at all."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from localmodel.atomic_files import sha256, write_folder
from router.errors import ArtefactError, PolicyError
from router.model.calibration import Calibration
from router.model.classifier import Classifier, Vocabulary
from router.model.evidence import Models
from router.policy.policy import Policy
from router.text.followup import FollowUpModel
from router.versions import ARTEFACT_VERSION, SCORING_VERSION

ARRAYS, META = "arrays.npz", "meta.json"
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, BadZipFile, EOFError, PolicyError)


@dataclass(frozen=True, slots=True)
class Artefact:
    """What training leaves: the classifier, the policy calibrated for it, and how follow-ups are told."""

    classifier: Classifier
    policy: Policy
    follow_up: FollowUpModel


def artefact_folder(cache_dir: Path, pack_hash: str, fingerprint: str) -> Path:
    """Where the artefact of this pack and this encoder lives, as this version makes it."""
    made = f"{ARTEFACT_VERSION}\0{SCORING_VERSION}\0{pack_hash}\0{fingerprint}"
    key = hashlib.sha256(made.encode()).hexdigest()[:16]
    return cache_dir / f"router-{key}"


def save_artefact(artefact: Artefact, folder: Path) -> None:
    """Write `folder` at once. Raises ArtefactError when the disk does not let it."""
    try:
        write_folder(folder, lambda fresh: _write(artefact, fresh))
    except OSError as error:
        hint = "Make the folder writable, or choose another data folder."
        raise ArtefactError(f"{folder} cannot be written ({error.strerror}).", hint) from error


def load_artefact(folder: Path) -> Artefact | None:
    """The artefact, or None when there is none or it is damaged in any way."""
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        if sha256(folder / ARRAYS) != meta["sha256"]:
            return None
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            return _assemble(dict(arrays), meta)
    except _DAMAGE:
        return None


def _write(artefact: Artefact, folder: Path) -> None:
    classifier = artefact.classifier
    names = asdict(classifier.vocabulary)
    arrays = {"fact_category": names.pop("fact_category")}
    arrays |= {f"models.{name}": value for name, value in _arrays(classifier.models).items()}
    arrays |= {f"calibration.{name}": value for name, value in _arrays(classifier.calibration).items()}
    arrays |= {f"follow_up.{name}": value for name, value in _arrays(artefact.follow_up).items()}
    np.savez(folder / ARRAYS, **arrays)
    policy = {
        "thresholds": dict(artefact.policy.thresholds),
        "fact_threshold": artefact.policy.fact_threshold,
    }
    meta = {"sha256": sha256(folder / ARRAYS), "vocabulary": names, "policy": policy}
    (folder / META).write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")


def _assemble(arrays: dict[str, Any], meta: dict[str, Any]) -> Artefact:
    names = {key: tuple(values) for key, values in meta["vocabulary"].items()}
    vocabulary = Vocabulary(**names, fact_category=arrays["fact_category"])
    models = Models(**{field.name: arrays[f"models.{field.name}"] for field in fields(Models)})
    weights = {field.name: arrays[f"calibration.{field.name}"] for field in fields(Calibration)}
    follow_up = FollowUpModel(**{field.name: arrays[f"follow_up.{field.name}"] for field in fields(FollowUpModel)})
    return Artefact(Classifier(models, Calibration(**weights), vocabulary), Policy(**meta["policy"]), follow_up)


def _arrays(owner: Models | Calibration | FollowUpModel) -> dict[str, Any]:
    return {field.name: getattr(owner, field.name) for field in fields(owner)}
