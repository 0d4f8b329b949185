"""The runs of fine-tuning on disk: what each was given, how its loss went, how it ended, how it answers."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune.errors import RunError
from finetune.training.estimate import Estimate, Used
from finetune.training.loss_reading import Point, Reading, Verdict, read_loss
from finetune.workspace import CURVE, FIGURES, OUTCOME, RUN, named_fault, whole_json
from router.stats import Share

UNENDED = "running or ended without a word"
LAYERS = {
    "fact": "right fact chosen",
    "wording": "wording right, given it",
    "read_right": "read right",
    "read_wrong": "read wrong",
    "honest": "honest where none answers",
}
"""The layers of an evaluation and what they are called, in the order that they are shown in."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A resolved setting and where it is from: "default", "command line" or "sweep"."""

    value: str | float
    source: str


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that was learnt from, by its SHA-256 in hex."""

    sha256: str
    conversations: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; `status` is "done", "stopped early" or "failed". What is not known of a failed run is None."""

    status: str
    reading: Reading | None
    kept_step: int | None
    last_step: int | None
    seconds: float
    peak_memory_bytes: int | None
    disk_bytes: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """An evaluation over `questions` questions; `layers` by the names in LAYERS, not all of them in every run."""

    questions: int
    layers: Mapping[str, Share]


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder. `outcome` is None while it runs, or where it was killed; `figures` before an evaluation."""

    folder: Path
    id: str
    made: datetime
    pack: str
    base_name: str
    base_sha256: str
    settings: Mapping[str, Setting]
    data: Mapping[str, DataFile]
    examples: int
    held_out: int
    precision: str
    device: str
    versions: Mapping[str, str]
    estimate: Estimate | None
    curve: tuple[Point, ...]
    outcome: Outcome | None
    figures: Figures | None

    @property
    def status(self) -> str:
        """In words."""
        return self.outcome.status if self.outcome else UNENDED

    @property
    def reading(self) -> Reading:
        """The one that the run ended with, else of the curve so far."""
        return self.outcome.reading if self.outcome and self.outcome.reading else read_loss(self.curve)

    @property
    def best(self) -> Point | None:
        """The measurement with the lowest held-out loss, not counting that of the untouched model."""
        measured = [(p.held_out_loss, p) for p in self.curve if p.step and p.held_out_loss is not None]
        finite = [pair for pair in measured if math.isfinite(pair[0])]
        return min(finite, key=lambda pair: pair[0])[1] if finite else None

    @property
    def seconds(self) -> float:
        """Of the whole run, or up to its last measurement."""
        return self.outcome.seconds if self.outcome else max((point.seconds for point in self.curve), default=0.0)

    @property
    def used(self) -> Used:
        """What it took, beside the estimate's."""
        last = self.outcome.last_step if self.outcome else None
        return Used(
            memory_bytes=self.outcome.peak_memory_bytes if self.outcome else None,
            disk_bytes=self.outcome.disk_bytes if self.outcome else None,
            minutes=self.seconds / 60,
            steps=last or max((point.step for point in self.curve), default=0),
        )


def read_run(folder: Path) -> Run:
    """One run, as far as it is written. Raises RunError where there is none, or a file of it is damaged."""
    if not (folder / RUN).is_file():
        raise RunError(f"There is no run in {str(folder)!r}: {RUN!r} is missing.", "Name a folder that a run wrote.")
    with whole_json(folder / RUN) as run:
        return Run(
            folder=folder,
            id=str(run["id"]),
            made=_aware(datetime.fromisoformat(run["made"])),
            pack=str(run["pack"]),
            base_name=str(run["base"]["name"]),
            base_sha256=str(run["base"]["sha256"]),
            settings={name: Setting(s["value"], str(s["from"])) for name, s in run["settings"].items()},
            data={name: DataFile(str(d["sha256"]), int(d["conversations"])) for name, d in run["data"].items()},
            examples=int(run["examples"]),
            held_out=int(run["held_out"]),
            precision=str(run["precision"]),
            device=str(run["device"]),
            versions={name: str(version) for name, version in run["versions"].items()},
            estimate=Estimate.from_json(run["estimate"]) if run.get("estimate") else None,
            curve=read_curve(folder / CURVE),
            outcome=_outcome(folder / OUTCOME),
            figures=_figures(folder / FIGURES),
        )


def read_runs(folder: Path) -> tuple[Run, ...]:
    """Every run folder in `folder`, the newest first; other folders are left alone. Raises RunError as `read_run`."""
    runs = [read_run(path.parent) for path in folder.glob(f"*/{RUN}")]
    return tuple(sorted(runs, key=lambda run: (run.made, run.id), reverse=True))


def differing(runs: Sequence[Run]) -> tuple[str, ...]:
    """Names of the settings in which `runs` are not all alike; a run without the setting differs from one with it."""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    return tuple(name for name in names if len({_value(run, name) for run in runs}) > 1)


def append_point(path: Path, point: Point) -> None:
    """Add one line, flushed. A figure that is no finite number is written as null, with "nan": true."""
    named = {field.name: getattr(point, field.name) for field in fields(point)}
    line = {name: value for name, value in named.items() if value is not None}
    broken = [name for name, value in line.items() if not math.isfinite(value)]
    if broken:
        line |= {**dict.fromkeys(broken), "nan": True}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()


def read_curve(path: Path) -> tuple[Point, ...]:
    """The measurements of a curve file, none where it is missing. A last line without a line end is left out: it was
    being written.

    Raises RunError at a line that is no measurement.
    """
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
    return tuple(_point(path, number, line) for number, line in enumerate(lines, start=1) if line.strip())


def _point(path: Path, number: int, line: str) -> Point:
    with named_fault(f"{path}:{number}"):
        row = json.loads(line)
        names = {field.name for field in fields(Point)} & row.keys()
        return Point(**{name: _number(row[name]) for name in names})


def _number(value: Any) -> Any:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return value


def _outcome(path: Path) -> Outcome | None:
    if not path.is_file():
        return None
    with whole_json(path) as said:
        reading = said.get("reading")
        return Outcome(
            status=str(said["status"]),
            reading=Reading(Verdict(reading["verdict"]), reading["text"], reading["setting"]) if reading else None,
            kept_step=said.get("kept_step"),
            last_step=said.get("last_step"),
            seconds=float(said["seconds"]),
            peak_memory_bytes=said.get("peak_memory_bytes"),
            disk_bytes=said.get("disk_bytes"),
        )


def _figures(path: Path) -> Figures | None:
    if not path.is_file():
        return None
    with whole_json(path) as said:
        layers = {name: said["layers"][name] for name in LAYERS if said["layers"].get(name)}
        shares = {name: Share(int(share["hits"]), int(share["n"])) for name, share in layers.items()}
        return Figures(int(said["questions"]), shares)


def _value(run: Run, name: str) -> str:
    return repr(run.settings[name].value) if name in run.settings else ""


def _aware(made: datetime) -> datetime:
    """A time that names no zone is taken as UTC, so that times can be put in order."""
    return made if made.tzinfo else made.replace(tzinfo=UTC)
