"""A trained router on disk: see `router.bundle` for the form of its files."""

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from router.bundle import read_bundle, write_bundle
from router.errors import ArtefactError
from router.model.calibration import Calibration
from router.model.classifier import Classifier, Vocabulary
from router.model.evidence import Models
from router.policy.policy import Policy
from router.text.followup import FollowUpModel
from router.versions import ARTEFACT_VERSION, SCORING_VERSION


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
    classifier, policy = artefact.classifier, artefact.policy
    names = asdict(classifier.vocabulary)
    arrays = {
        "fact_category": names.pop("fact_category"),
        **_arrays("models", classifier.models),
        **_arrays("calibration", classifier.calibration),
        **_arrays("follow_up", artefact.follow_up),
    }
    thresholds = {"thresholds": dict(policy.thresholds), "fact_threshold": policy.fact_threshold}
    write_bundle(folder, arrays, {"vocabulary": names, "policy": thresholds})


def load_artefact(folder: Path) -> Artefact | None:
    """The artefact, or None when there is none or it is damaged in any way."""
    try:
        return read_bundle(folder, _assemble)
    except ArtefactError:
        return None


def _assemble(arrays: dict[str, Any], meta: dict[str, Any]) -> Artefact:
    names = {key: tuple(values) for key, values in meta["vocabulary"].items()}
    vocabulary = Vocabulary(**names, fact_category=arrays["fact_category"])
    models = Models(**{field.name: arrays[f"models.{field.name}"] for field in fields(Models)})
    weights = {field.name: arrays[f"calibration.{field.name}"] for field in fields(Calibration)}
    follow_up = FollowUpModel(**{field.name: arrays[f"follow_up.{field.name}"] for field in fields(FollowUpModel)})
    return Artefact(Classifier(models, Calibration(**weights), vocabulary), Policy(**meta["policy"]), follow_up)


def _arrays(prefix: str, owner: Models | Calibration | FollowUpModel) -> dict[str, Any]:
    return {f"{prefix}.{field.name}": getattr(owner, field.name) for field in fields(owner)}
