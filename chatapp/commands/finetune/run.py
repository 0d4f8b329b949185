"""`firstline finetune estimate | run | sweep | runs`."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from chatapp.backends.local.model import model_file
from chatapp.commands.finetune.bench import wording_of
from chatapp.commands.finetune.chosen import questions_of, runs_folder
from chatapp.commands.router.packs import chosen_pack
from chatapp.errors import OperatorError
from chatapp.reports.runs_page import runs_page
from chatapp.settings import load_settings
from finetune.data.conversation import Conversation
from finetune.data.held_out import read_held_out
from finetune.data.leaks import leaks
from finetune.data.load import read_data
from finetune.errors import FinetuneError
from finetune.judging.scoring import read_questions
from finetune.training.base import Base, open_base
from finetune.training.estimate import Estimate, compare, measure_speed, read_shape
from finetune.training.estimate import estimate as estimate_run
from finetune.training.examples import lengths
from finetune.training.loss_reading import Point
from finetune.training.plan import plan
from finetune.training.recipe import Recipe
from finetune.training.recipe_file import SWEEP, grid, resolve_recipe
from finetune.training.run import Task, data_files, fine_tune, resumes, run_folder
from finetune.training.run_folder import Run, read_runs
from localmodel.errors import BaseModelError
from localmodel.processors import usable_processors
from localmodel.release import ADAPTER
from router.pack.load import Pack, load_pack


@dataclass(frozen=True, slots=True)
class Material:
    """What every run of a command shares."""

    pack: Pack
    base: Base
    conversations: tuple[Conversation, ...]
    runs: Path

    def task(self, recipe: Recipe, sources: dict[str, str]) -> Task:
        """The task under one recipe. Raises DataError."""
        parted = plan(self.conversations, self.pack, self.base, recipe)
        return Task(self.pack.name, self.base, recipe, parted, data_files(self.conversations), sources)


def estimate(pack: Path | None, data: Path | None, given: Sequence[str], *, as_json: bool) -> None:
    """Say what a run would take: memory, disk and minutes, and the files that come of it."""
    material = gather(pack, data)
    recipe, sources = resolve_recipe(material.pack.folder, given)
    found = _estimate(material.task(recipe, sources))
    typer.echo(json.dumps(found.as_json()) if as_json else "\n".join(_estimated(found)))


def run(pack: Path | None, data: Path | None, given: Sequence[str], *, fresh: bool, as_json: bool) -> None:
    """Fine-tune, or continue the same run where it was interrupted, and say what came of it."""
    material = gather(pack, data)
    recipe, sources = resolve_recipe(material.pack.folder, given)
    done = _run(material, material.task(recipe, sources), fresh=fresh)
    typer.echo(json.dumps(summary(done)) if as_json else "\n".join(_ended(done)))


def sweep(
    pack: Path | None, data: Path | None, given: Sequence[str], axes: Sequence[str], questions: int, *, as_json: bool
) -> None:
    """Run every combination, and rank the runs by how often their wording is right on held-out questions; the loss is
    only shown.

    `questions` limits how many held-out questions each run is asked, spread evenly over all.
    """
    material = gather(pack, data)
    read_questions(questions_of(material.pack), material.pack)  # a mistake in them is told before hours of training
    recipe, sources = resolve_recipe(material.pack.folder, given)
    points = grid(recipe, axes)
    tasks = [material.task(replace(recipe, **point), sources | dict.fromkeys(point, SWEEP)) for point in points]
    ranked = []
    for number, (point, task) in enumerate(zip(points, tasks, strict=True), 1):
        typer.echo(f"\nRun {number} of {len(points)}: {_named(point)}", err=True)
        try:
            done = _ended_before(material, task) or _run(material, task, fresh=False)
            ranked.append((wording_of(material.pack, done, questions), point, done))
        except (FinetuneError, BaseModelError) as error:  # one of a grid that fails is a finding
            typer.echo(f"{error.what}\n{error.hint}", err=True)
    ranked.sort(key=lambda one: (-one[0].value, one[2].best.held_out_loss if one[2].best else 0.0))
    rows = [summary(done) | {"wording": {"hits": s.hits, "n": s.n}, "point": point} for s, point, done in ranked]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    typer.echo(f"{'wording right':28s} {'held-out loss':>13s}  {'settings':32s} reading")
    for share, point, done in ranked:
        loss = f"{done.best.held_out_loss:.3f}" if done.best and done.best.held_out_loss is not None else "–"
        typer.echo(f"{share!s:28s} {loss:>13s}  {_named(point):32s} {done.reading.verdict.value}")


def runs(pack: Path | None, out: Path) -> None:
    """Write one self-contained page that compares the runs of a pack."""
    folder = runs_folder(load_pack(chosen_pack(pack)).name)
    found = read_runs(folder)
    if not found:
        raise OperatorError(f"There are no runs in {folder}.", "Run `firstline finetune run` first.")
    out.write_text(runs_page(found, datetime.now(UTC)), encoding="utf-8")
    typer.echo(f"{len(found)} runs: {out}. The curves in TensorBoard: tensorboard --logdir {folder}")


def gather(pack: Path | None, data: Path | None) -> Material:
    """Pack, base and conversations of a command. Raises PackError, ModelFileError, BaseModelError, and DataError, also
    where a conversation asks what the pack holds out to be judged on.
    """
    loaded = load_pack(chosen_pack(pack))
    conversations = read_data(data or loaded.folder / "train", loaded)
    held_out = read_held_out(sorted((loaded.folder / "eval").glob("*.jsonl")))
    for leak in leaks(conversations, held_out):
        raise leak.error()
    base = open_base(model_file(load_settings()))
    return Material(loaded, base, conversations, runs_folder(loaded.name))


def summary(done: Run) -> dict[str, Any]:
    """A run for programs."""
    return {
        "run": done.id,
        "folder": str(done.folder),
        "status": done.status,
        "reading": done.reading.verdict.value,
        "text": done.reading.text,
        "setting": done.reading.setting,
        "best_held_out_loss": done.best.held_out_loss if done.best else None,
        "seconds": done.seconds,
    }


def _ended_before(material: Material, task: Task) -> Run | None:
    """A finished run of the same task, so that an interrupted sweep continues where it was."""
    same = [run for run in read_runs(material.runs) if task.digest in run.id and (run.folder / ADAPTER).is_file()]
    if same:
        typer.echo(f"Run before: {same[0].id}", err=True)
    return same[0] if same else None


def _run(material: Material, task: Task, *, fresh: bool) -> Run:

    be_polite()
    folder = run_folder(material.runs, task, fresh=fresh)
    found = _estimate(task)
    for line in (*_resolved(task), *_estimated(found)):
        typer.echo(line, err=True)
    if step := resumes(folder):
        typer.echo(f"Going on with {folder.name} from step {step}.", err=True)
    with redirect_stdout(sys.stderr):  # the libraries talk
        return fine_tune(task, folder, found, _tell)


def be_polite() -> None:
    """Let waiting threads sleep, and start no more than a container's CPU quota feeds: PyTorch counts processors.

    libgomp goes by what `localmodel.openmp` has set, other implementations of OpenMP by the policy.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    usable = usable_processors()
    if usable.threads < usable.affinity:
        os.environ.setdefault("OMP_NUM_THREADS", str(usable.threads))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _estimate(task: Task) -> Estimate:

    shape = read_shape(task.base.path)
    return estimate_run(shape, lengths(task.plan.learnt), task.recipe, measure_speed(shape, task.recipe.precision))


def _resolved(task: Task) -> list[str]:
    """Each setting, and where it comes from."""
    settings = task.recipe.as_json().items()
    return [
        f"base           {task.base.name} ({task.base.path.name}, SHA-256 {task.base.sha256[:12]}…)",
        *(f"data           {path} ({count} conversations)" for path, count in task.data.items()),
        f"examples       {len(task.plan.learnt)} to learn from, {len(task.plan.held_out)} held out for the loss",
        *(f"{name:14s} {value}  ({task.sources.get(name, 'default')})" for name, value in settings),
    ]


def _estimated(found: Estimate) -> list[str]:
    files = ", ".join(f"{kind} {size / 1e6:.0f} MB" for kind, size in found.files.items())
    return [
        f"memory         {found.memory_bytes / 1e9:.1f} GB (estimate)",
        f"disk           {found.disk_bytes / 1e6:.0f} MB (estimate); merged: {files}",
        f"time           {found.minutes:.0f} minutes for {found.steps} steps on this machine, if quiet (estimate)",
        f"parameters     {found.trainable:,} that learn",
    ]


def _tell(point: Point) -> None:
    """A line for each held-out measurement, above the progress bar."""
    if point.held_out_loss is not None:
        from tqdm import tqdm

        tqdm.write(f"step {point.step} of {point.steps}: held-out loss {point.held_out_loss:.3f}", file=sys.stderr)


def _ended(done: Run) -> list[str]:

    reading = done.reading
    beside = compare(done.estimate, done.used) if done.estimate else ()
    return [
        f"{done.id}: {done.status}, {reading.verdict.value}",
        reading.text,
        *([f"To change: {reading.setting}."] if reading.setting else []),
        *(f"{row.name:14s} estimated {row.estimated:>9s}, used {row.used:>9s}" for row in beside),
        f"Adapter: {done.folder / ADAPTER}",
        "Next: firstline finetune eval",
    ]


def _named(point: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in point.items())
