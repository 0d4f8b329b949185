"""Golden scores: what the code of today says of fixed messages, to hold the code of tomorrow against.

    python -m tests.router.golden       writes golden.json anew, once the version of what has changed is raised

The pack is made up and the encoder a stand-in, so that nothing but the code can change them.
"""

import json
import sys
import tempfile
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from router.bundle import ARRAYS, META
from router.router import Router
from router.text.followup import DEFAULT, FollowUpModel
from router.training.artefact import Artefact, save_artefact
from router.training.build import build
from router.types import Scores
from router.versions import ARTEFACT_VERSION, SCORING_VERSION
from tests.router.golden_pack import PROBES, golden_pack
from tests.router.stand_in import StandInEncoder

GOLDEN = Path(__file__).with_name("golden.json")
TOLERANCE = 3e-4  # processors differ by up to 1e-4; a constant of scoring that changes by a few per cent, by more
_DIGITS = 9


def measure() -> dict[str, Any]:
    """The scores of `PROBES` and the form of the artefact, each with its version."""
    pack, encoder = golden_pack(), StandInEncoder()
    with threadpool_limits(1):
        artefact = build(pack, encoder).artefact
        router = Router(pack, encoder, artefact.classifier, artefact.policy, artefact.follow_up)
        scores = [_scores(text, router.scores(text, turns)) for text, turns in PROBES]
    follow_up = {"fitted": _numbers(artefact.follow_up), "shipped": _numbers(DEFAULT)}
    thresholds = {**artefact.policy.thresholds, "fact": artefact.policy.fact_threshold}
    return {
        "scoring": {"scores": scores, "follow_up": follow_up, "thresholds": thresholds},
        "scoring_version": SCORING_VERSION,
        "artefact": _form(artefact),
        "artefact_version": ARTEFACT_VERSION,
    }


def read_golden() -> dict[str, Any]:
    """What was measured when the versions were last raised."""
    golden: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return golden


def differences(golden: Any, found: Any, place: str = "") -> list[str]:
    """Where the two differ, numbers by more than `TOLERANCE`: `scores.3.probabilities.0: 0.5, was 0.6`."""
    if isinstance(golden, dict) and isinstance(found, dict) and golden.keys() == found.keys():
        return [line for key in golden for line in differences(golden[key], found[key], f"{place}.{key}")]
    if isinstance(golden, list) and isinstance(found, list) and len(golden) == len(found):
        pairs = enumerate(zip(golden, found, strict=True))
        return [line for number, pair in pairs for line in differences(*pair, f"{place}.{number}")]
    if isinstance(golden, float) and isinstance(found, float):
        return [] if abs(golden - found) <= TOLERANCE else [f"{place.strip('.')}: {found}, was {golden}"]
    return [] if golden == found else [f"{place.strip('.')}: {found!r}, was {golden!r}"]


def _scores(text: str, scores: Scores) -> dict[str, Any]:
    """Neither the words of the facts nor the label of a neighbour are scores."""
    return {
        "text": text,
        "category": scores.category,
        "needs_context": scores.needs_context,
        "asked": scores.asked,
        "confidence": _round(scores.confidence),
        "in_scope": _round(scores.in_scope),
        "no_fact": _round(scores.no_fact),
        "facts": [[fact.id, _round(fact.probability)] for fact in scores.facts],
        "neighbours": [[neighbour.text, _round(neighbour.similarity)] for neighbour in scores.neighbours],
    }


def _numbers(model: FollowUpModel) -> list[list[float]]:
    """Without the wordings: as many as the encoder has dimensions."""
    mean, scale, weights, _, bias = astuple(model)
    return [[_round(value) for value in array] for array in (mean, scale, weights, bias)]


def _form(artefact: Artefact) -> dict[str, Any]:
    """Names, types and dimensions of the arrays, and the keys of the metadata."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "artefact"
        save_artefact(artefact, folder)
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            shapes = {name: f"{arrays[name].dtype}, {arrays[name].ndim} dimensions" for name in sorted(arrays)}
    inner = {key: sorted(value) for key, value in meta.items() if isinstance(value, dict)}
    return {"arrays": {ARRAYS: shapes}, "meta": {META: sorted(meta)}, "inner": inner}


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def main() -> None:
    """Write the golden file; refuse where what changed has still the version that it was written for."""
    found = measure()
    golden = read_golden() if GOLDEN.exists() else {}
    for part in ("scoring", "artefact"):
        if golden.get(f"{part}_version") == found[f"{part}_version"] and differences(golden[part], found[part]):
            sys.exit(
                f"The {part} has changed: raise {part.upper()}_VERSION in router/versions.py, then run this again."
            )
    GOLDEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
