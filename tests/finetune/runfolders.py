"""Run folders as `finetune run` writes them, for the tests that read them."""

import json
import math
from pathlib import Path
from typing import Any

from finetune.training.loss_reading import Point
from finetune.training.run_folder import append_point

ESTIMATE = {
    "memory_bytes": 3_700_000_000,
    "disk_bytes": 136_765_440,
    "minutes": 62.0,
    "steps": 400,
    "trainable": 4_884_480,
    "files": {"F16": 269_030_016},
}
READING = {
    "verdict": "healthy",
    "text": "The training loss went from 0.72 to 0.26. What the model learns carries over.",
    "setting": "",
}


def described(run_id: str, made: str = "2030-01-02T03:04:05+00:00", **settings: Any) -> dict[str, Any]:
    """The content of run.json; a setting that is named comes from the command line."""
    values = {"learning_rate": 5e-4, "rank": 16, "epochs": 2.0, "targets": "all-linear"}
    return {
        "id": run_id,
        "made": made,
        "pack": "support",
        "base": {"name": "Smollm2 135M", "sha256": "ab" * 32},
        "settings": {
            **{name: {"value": value, "from": "default"} for name, value in values.items()},
            **{name: {"value": value, "from": "command line"} for name, value in settings.items()},
        },
        "data": {"answers.jsonl": {"sha256": "cd" * 32, "conversations": 1500}},
        "examples": 1600,
        "held_out": 80,
        "precision": "bf16",
        "device": "2 cores, Intel Xeon",
        "versions": {"torch": "2.13.0", "peft": "0.21.2"},
        "estimate": ESTIMATE,
    }


def fall(start: float, end: float, last: int = 40, held_out: float = 1.15) -> list[Point]:
    """Training loss every ten steps, held-out loss every fifty."""
    points = [Point(0, last * 10, 0.0, held_out_loss=start)]
    for number in range(1, last + 1):
        loss = end + (start - end) * math.exp(-6 * number / last)
        step, epoch = number * 10, 2 * number / last
        points.append(Point(step, last * 10, epoch, loss=loss, learning_rate=5e-4, grad_norm=1.2, seconds=step * 9.0))
        if number % 5 == 0:
            points.append(Point(step, last * 10, epoch, held_out_loss=loss * held_out, seconds=step * 9.0))
    return points


def outcome(status: str = "done", **others: Any) -> dict[str, Any]:
    """The content of outcome.json."""
    return {
        "status": status,
        "reading": READING,
        "kept_step": 400,
        "last_step": 401,
        "seconds": 3700.0,
        "peak_memory_bytes": 3_500_000_000,
        "disk_bytes": 141_000_000,
        **others,
    }


def figures(n: int = 200, **hits: int) -> dict[str, Any]:
    """The content of figures.json."""
    return {"questions": n, "layers": {name: {"hits": count, "n": n} for name, count in hits.items()}}


def write_run(
    folder: Path,
    run: dict[str, Any],
    curve: list[Point] | None = None,
    ended: dict[str, Any] | None = None,
    answers: dict[str, Any] | None = None,
) -> Path:
    """A run folder below `folder`, named by the run's id."""
    made = folder / str(run["id"])
    made.mkdir(parents=True)
    (made / "run.json").write_text(json.dumps(run), encoding="utf-8")
    for point in curve or []:
        append_point(made / "curve.jsonl", point)
    for name, content in (("outcome.json", ended), ("figures.json", answers)):
        if content:
            (made / name).write_text(json.dumps(content), encoding="utf-8")
    return made
