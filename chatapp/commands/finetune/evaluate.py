"""`firstline finetune eval`: a run's model, what serves now and the bare base, on the same held-out questions."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray

from chatapp.commands.finetune.bench import BASE, Bench, open_bench
from chatapp.commands.finetune.chosen import adapter_of, chosen_run, made_of, questions_of
from chatapp.errors import OperatorError
from chatapp.evaluation.trial import word_all, word_in_cloud
from chatapp.reports.side_by_side import Cell, Column, Row, side_by_side_page
from finetune.judging.evaluate import Evaluation, Layers, save_evaluation, serving
from finetune.judging.recalibrate import recalibrate
from finetune.judging.scoring import Question, Verdict
from finetune.training.run_folder import LAYERS, Run
from finetune.workspace import FIGURES
from localmodel.atomic_files import sha256
from localmodel.release import POLICY
from router.policy.file import Stated, made_for, write_policy
from router.stats import Share
from router.training.build import build
from router.training.rows import rows_of


def evaluate(
    pack: Path | None, run: str | None, data: Path | None, side_by_side: Path | None, *, as_json: bool
) -> None:
    """Recalibrate, evaluate, write `policy.toml` and `figures.json` into the run's folder, and print the layers next to
    each other.
    """
    loaded, done = chosen_run(pack, run)
    bench = open_bench(loaded, data)
    if bench.settings.adapter:
        raise OperatorError("FIRSTLINE_ADAPTER names what serves; no release is held against it.", "Unset it first.")
    said = recalibrated(bench, done, done.folder / POLICY)
    now = bench.serving()
    models = {done.id: bench.of(done.id, adapter_of(done), done.folder / POLICY), serving(now.release): now}
    models |= {BASE: bench.base()} if now.adapter else {}
    found = {name: bench.tried(serving) for name, serving in models.items()}
    first, *others = found
    beside = {name: found[name].as_json() for name in others}
    more = {"beside": beside, "serves": now.release, "policy": said, "made": _now()}
    save_evaluation(found[first], done.folder / FIGURES, of=made_of(loaded, done, data or questions_of(loaded)), **more)
    words = {name: [row.worded for row in one.rows if row.question.facts] for name, one in found.items()}
    words |= _of_cloud(bench)
    if side_by_side:
        side_by_side.write_text(_page(bench, words), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps({name: one.layers.as_json() for name, one in found.items()}))
    else:
        typer.echo(
            "\n".join([*_table(found), *(_worded(bench, name, words[name]) for name in words if name not in found)])
        )


def recalibrated(bench: Bench, done: Run, out: Path) -> tuple[str, ...]:
    """Write the thresholds that the run's model calls for, and say what they do to the labelled messages.

    A model that was taught refusals is asked which of these it refuses; one that was not refuses none.
    """
    pack, encoder = bench.router.pack, bench.router.encoder
    typer.echo("Choosing the thresholds anew …", err=True)
    built = build(pack, encoder)
    rows = rows_of(built.corpus, built.trained)
    refused = np.zeros(len(rows.best), dtype=bool)
    if done.settings["wrong_facts"].value:
        refused = _refusals(bench, done, [built.corpus.texts[row] for row in built.trained.held], rows.best)
    found = recalibrate(pack, rows, refused)
    fits = made_for(pack, encoder, sha256(adapter_of(done))[:16])
    write_policy(out, found.policy, Stated(statements=found.statements), fits)
    return found.statements


def _refusals(bench: Bench, done: Run, texts: list[str], best: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(m,): which labelled messages the run's model refuses to answer from the likeliest fact."""
    ids = [fact.id for fact in bench.router.pack.facts]
    asked = [Question(text, "", (ids[fact],)) for text, fact in zip(texts, best, strict=True)]
    typer.echo(f"Asking {done.id} which of {len(asked)} labelled messages it refuses …", err=True)
    said = asyncio.run(word_all(bench.settings, bench.of(done.id, adapter_of(done)), bench.backend, asked))
    return np.array([q.score(text) is Verdict.UNANSWERED for q, text in zip(asked, said, strict=True)])


def _table(found: dict[str, Evaluation]) -> list[str]:
    layers = {name: one.layers for name, one in found.items()}
    lines = []
    for name, shown in LAYERS.items():
        lines += [f"{shown:28s} {model:24s} {getattr(one, name)}" for model, one in layers.items()]
    lines.append("\nby category: wording right, read right, read wrong, honest")
    first = next(iter(found.values()))
    lines += [f"{name:20s} {_row(one)}" for name, one in sorted(first.by_category.items())]
    return lines


def _row(layers: Layers) -> str:
    shares = (layers.wording, layers.read_right, layers.read_wrong, layers.honest)
    return "  ".join(f"{share.value:6.1%} of {share.n:3d}" for share in shares)


def _of_cloud(bench: Bench) -> dict[str, list[str]]:
    """Its words, by its name, where a cloud model is connected."""
    settings = bench.settings
    if not settings.cloud_connected:
        return {}
    typer.echo(f"Asking {settings.cloud_model} …", err=True)
    return {settings.cloud_model: asyncio.run(word_in_cloud(settings, bench.router.pack, bench.questions))}


def _worded(bench: Bench, name: str, said: list[str]) -> str:
    answerable = [question for question in bench.questions if question.facts]
    right = sum(q.score(text) is Verdict.RIGHT for q, text in zip(answerable, said, strict=True))
    return f"{LAYERS['wording']:28s} {name:24s} {Share(right, len(said))}"


def _page(bench: Bench, words: dict[str, list[str]]) -> str:
    facts = {fact.id: fact.text for fact in bench.router.pack.facts}
    answerable = [question for question in bench.questions if question.facts]
    rows = []
    for question, *said in zip(answerable, *words.values(), strict=True):
        cells = tuple(Cell(text, question.score(text)) for text in said)
        rows.append(Row(question.text, facts[question.facts[0]], question.category, cells))
    title = f"{bench.router.pack.name}: own wording, given the right fact"
    return side_by_side_page([Column(name, "") for name in words], rows, datetime.now(UTC), title)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
