"""One run of fine-tuning, from a plan to an adapter, in a folder of its own (`finetune.workspace`).

A run that was killed goes on from its last whole checkpoint.
"""

import errno
import hashlib
import json
import math
import os
import platform
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from finetune.errors import RunError
from finetune.training.base import Base, load_torch
from finetune.training.estimate import Estimate
from finetune.training.loss_reading import Point, read_loss
from finetune.training.plan import Plan
from finetune.training.recipe import Recipe
from finetune.training.run_folder import Run, append_point, read_curve, read_run
from finetune.training.trainer import Ended, adapted, last_whole, learn, resolve, steps_of
from finetune.workspace import CHECKPOINTS, CURVE, LOCK, OUTCOME, PEFT_ADAPTER, RUN
from localmodel.adapter import read_peft, write_adapter
from localmodel.atomic_files import sha256, write_text
from localmodel.errors import ExplainedError
from localmodel.gguf_names import Layout
from localmodel.prompt import GROUNDED
from localmodel.release import ADAPTER

_DISK_FULL = ("No space left", "PytorchStreamWriter failed writing", "unexpected pos")  # torch does not say it outright
_LIBRARIES = ("torch", "transformers", "peft", "llama_cpp_python")
Say = Callable[[Point], None]


@dataclass(frozen=True, slots=True)
class Task:
    """What a run is asked to do. `sources` gives the source of each setting that is not a default."""

    pack: str
    base: Base
    recipe: Recipe
    plan: Plan
    data: Mapping[Path, int]
    sources: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All of it, so that the same task can be known again."""
        settings = self.recipe.as_json()
        return {
            "pack": self.pack,
            "base": {"name": self.base.name, "sha256": self.base.sha256},
            "settings": {n: {"value": v, "from": self.sources.get(n, "default")} for n, v in settings.items()},
            "data": {name: {"sha256": sha256(path), "conversations": self.data[path]} for name, path in self._files()},
            "examples": len(self.plan.learnt),
            "held_out": len(self.plan.held_out),
        }

    @property
    def digest(self) -> str:
        """A short hash of what decides the outcome: base, encoded examples, and the values of the settings.

        The encoded examples, because a changed text or persona of the pack makes other examples of the same data files.
        """
        said = self.as_json()
        values = {name: setting["value"] for name, setting in said["settings"].items()}
        examples = [(example.tokens, example.labels) for example in (*self.plan.learnt, *self.plan.held_out)]
        parts = [said["base"]["sha256"], hashlib.sha256(json.dumps(examples).encode()).hexdigest(), values]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]

    def _files(self) -> list[tuple[str, Path]]:
        """The data by names within the folder that they share."""
        folder = os.path.commonpath([path.parent for path in self.data]) if self.data else ""
        return [(path.relative_to(folder).as_posix(), path) for path in self.data]


def run_folder(runs: Path, task: Task, *, fresh: bool = False) -> Path:
    """The folder of a run of this task: that of an interrupted one, unless `fresh`; else a new one."""
    unended = [
        path.parent for path in sorted(runs.glob(f"*-{task.digest}*/{RUN}")) if not (path.parent / OUTCOME).exists()
    ]
    if unended and not fresh:
        return unended[-1]
    stem = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{task.digest}"
    taken = [path.name for path in runs.glob(f"{stem}*")]
    return runs / (f"{stem}-{len(taken) + 1}" if taken else stem)


def resumes(folder: Path) -> int:
    """The step that a run in this folder would continue from, 0 for the beginning."""
    latest = last_whole(folder / CHECKPOINTS)
    return int(latest.name.rpartition("-")[2]) if latest else 0


def fine_tune(task: Task, folder: Path, estimate: Estimate | None, say: Say) -> Run:
    """Run the task in `folder`, continuing from its last whole checkpoint. `say` is told of each measurement.

    Raises RunError where another process runs it, where the disk is full, or where the training library fails; the
    checkpoints stay, and the same task continues from them once the cause is removed. A loss that is not a number also
    raises RunError, and ends the run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / LOCK, timeout=0):
            return _fine_tune(task, folder, estimate, say)
    except Timeout as error:
        raise RunError(
            f"Another process is running {folder.name}.", "Wait for it, or give --fresh for a run of its own."
        ) from error


def _fine_tune(task: Task, folder: Path, estimate: Estimate | None, say: Say) -> Run:
    _describe(task, folder, estimate)
    curve = _Curve(folder / CURVE, resumes(folder), steps_of(len(task.plan.learnt), task.recipe), say)
    try:
        model = adapted(load_torch(task.base), task.recipe)
        ended = learn(model, task.plan.learnt, task.plan.held_out, task.recipe, folder, curve.add)
        _keep(model, task, folder)
    except _NotANumber as error:
        _end(folder, "failed", None, curve)
        reading = read_loss(curve.points)
        raise RunError(f"The run in {folder} failed: {reading.text}", f"Change {reading.setting}.") from error
    except ExplainedError:
        raise
    except Exception as error:
        raise _fault(error, folder) from error
    _end(folder, "stopped early" if ended.early else "done", ended, curve)
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    return read_run(folder)


class _NotANumber(Exception):  # noqa: N818 - it never leaves this module
    pass


class _Curve:
    """Writes measurements down, and ends the run at one that is not a number."""

    def __init__(self, path: Path, resumed: int, steps: int, say: Say) -> None:
        self._path, self._steps, self._say, self._began = path, steps, say, time.monotonic()
        earlier = [point for point in read_curve(path) if point.step <= resumed] if resumed else []
        self._before = max((point.seconds for point in earlier), default=0.0)
        self.points: list[Point] = earlier
        path.unlink(missing_ok=True)
        for point in earlier:
            append_point(path, point)

    @property
    def seconds(self) -> float:
        return self._before + time.monotonic() - self._began

    def add(self, figures: Mapping[str, Any]) -> None:
        point = Point(
            step=int(figures["step"]),
            steps=self._steps,
            epoch=round(float(figures["epoch"]), 3),
            loss=figures.get("loss"),
            held_out_loss=figures.get("eval_loss"),
            learning_rate=figures.get("learning_rate"),
            grad_norm=figures.get("grad_norm"),
            seconds=round(self.seconds, 1),
        )
        append_point(self._path, point)
        self.points.append(point)
        self._say(point)
        if not all(loss is None or math.isfinite(loss) for loss in (point.loss, point.held_out_loss)):
            raise _NotANumber


def _describe(task: Task, folder: Path, estimate: Estimate | None) -> None:
    import torch

    gpu = torch.cuda.is_available()
    said = task.as_json() | {
        "id": folder.name,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "precision": resolve(task.recipe.precision).value,
        "device": torch.cuda.get_device_name() if gpu else f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in _LIBRARIES},
        "estimate": estimate.as_json() if estimate else None,
    }
    if not (folder / RUN).exists():
        _write(folder / RUN, said)


def _keep(model: Any, task: Task, folder: Path) -> None:
    model.save_pretrained(str(folder / PEFT_ADAPTER))
    (folder / PEFT_ADAPTER / "README.md").unlink(missing_ok=True)
    layout = Layout(task.base.vocabulary.metadata)
    adapter = read_peft(folder / PEFT_ADAPTER, layout)
    name = f"{task.pack} {folder.name}"
    write_adapter(adapter, folder / ADAPTER, layout, name=name, base_sha256=task.base.sha256, form=GROUNDED)


def _end(folder: Path, status: str, ended: Ended | None, curve: _Curve) -> None:
    reading = read_loss(curve.points)
    files = [path for path in folder.rglob("*") if path.is_file()]
    _write(
        folder / OUTCOME,
        {
            "status": status,
            "reading": {"verdict": reading.verdict.value, "text": reading.text, "setting": reading.setting},
            "kept_step": ended.kept_step if ended else None,
            "last_step": ended.last_step if ended else None,
            "seconds": round(curve.seconds, 1),
            "peak_memory_bytes": _peak_memory_bytes(),
            "disk_bytes": sum(path.stat().st_size for path in files),
        },
    )


def _peak_memory_bytes() -> int | None:
    """Of this process so far; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else peak * 1024


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _fault(error: Exception, folder: Path) -> RunError:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or any(said in str(error) for said in _DISK_FULL):
        step = resumes(folder)
        return RunError(
            f"The disk is full; {folder} holds what was learnt up to step {step}.",
            "Make room and run the same command again: it goes on from there.",
        )
    if isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error):
        return RunError(
            "There is not enough memory for this run.", "Lower `--set batch=…` and raise `--set accumulation=…`."
        )
    return RunError(
        f"Training failed: {type(error).__name__} {error}.", f"Run the same command again to go on from {folder}."
    )


def data_files(conversations: Sequence[Any]) -> dict[Path, int]:
    """The files that conversations come from, each with how many do."""
    found: dict[Path, int] = {}
    for conversation in conversations:
        found[conversation.place.path] = found.get(conversation.place.path, 0) + 1
    return found
