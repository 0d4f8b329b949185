"""`firstline finetune eval`: a run's model, what serves now and the bare base, on the same held-out questions."""

import asyncio
import json
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray

from chatapp.assembly.active_release import Server, Serving, model_hash
from chatapp.assembly.open_router import open_router
from chatapp.backends.local.backend import LocalBackend
from chatapp.commands.finetune.run import runs_folder
from chatapp.commands.router.opened import chosen_settings, under
from chatapp.commands.router.packs import chosen_pack
from chatapp.errors import OperatorError
from chatapp.evaluation.trial import try_all, word_all, word_in_cloud
from chatapp.reports.side_by_side import Cell, Column, Row, side_by_side_page
from chatapp.settings import Settings, load_settings
from finetune.judging.evaluate import Evaluation, Layers, save_evaluation, serving
from finetune.judging.recalibrate import recalibrate, rows_of
from finetune.judging.scoring import Question, Verdict, read_questions
from finetune.training.run_folder import FIGURES, LAYERS, Run, read_run, read_runs
from localmodel.adapter import FORM_KEY, read_metadata
from localmodel.atomic_files import sha256
from localmodel.release import ADAPTER, POLICY
from router.pack.load import Pack, load_pack
from router.policy.file import Stated, made_for, write_policy
from router.router import Router
from router.stats import Share
from router.training.build import build

BASE = "base"


@dataclass(frozen=True, slots=True)
class Bench:
    """What models are tried on: the router, one engine, and the questions."""

    settings: Settings
    router: Router
    backend: LocalBackend
    questions: tuple[Question, ...]

    def of(self, name: str, adapter: Path, policy: Path | None = None) -> Serving:
        """The desk with this adapter, under the policy of a file or the one in force."""
        router = under(self.router, policy) if policy else self.router
        return Serving(name, router, adapter, read_metadata(adapter).get(FORM_KEY, ""))

    def base(self) -> Serving:
        """The desk with the model as it comes, under the router's default thresholds."""
        router = Router.open(self.router.pack.folder, self.settings.data_dir / "router")
        return Serving(BASE, router, None, self.backend.load().metadata.get(FORM_KEY, ""))

    def serving(self) -> Serving:
        """What serves now."""
        return Server(self.settings, self.router, self.backend, lambda _policy, _why: None).now()

    def tried(self, serving: Serving) -> Evaluation:
        """All questions, put to it."""
        typer.echo(f"Asking {serving.release} {len(self.questions)} questions …", err=True)
        return try_all(self.settings, serving, self.backend, self.questions)


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
    rows = rows_of(built)
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


def wording_of(pack: Pack, done: Run, questions: int) -> Share:
    """How often the run's own wording is right, given the right fact, of that many answerable questions."""
    bench = open_bench(pack, None)
    answerable = [question for question in bench.questions if question.facts]
    count = min(questions, len(answerable))
    asked = [answerable[number * len(answerable) // count] for number in range(count)]
    said = asyncio.run(word_all(bench.settings, bench.of(done.id, adapter_of(done)), bench.backend, asked))
    right = sum(q.score(text) is Verdict.RIGHT for q, text in zip(asked, said, strict=True))
    return Share(right, len(asked))


def chosen_run(pack: Path | None, run: str | None) -> tuple[Pack, Run]:
    """The pack, and the run named, else the newest that came to its end. Raises OperatorError and RunError, also where
    the run is of another model than the one that is served.
    """
    loaded = load_pack(chosen_pack(pack))
    folder = runs_folder(loaded.name)
    if run:
        done = read_run(Path(run) if Path(run).is_dir() else folder / run)
    else:
        ended = [one for one in read_runs(folder) if (one.folder / "adapter.gguf").is_file()]
        if not ended:
            raise OperatorError(f"No run in {folder} has come to its end.", "Run `firstline finetune run` first.")
        done = ended[0]
    if done.base_sha256 != model_hash(load_settings()):
        raise OperatorError(
            f"{done.id} was trained on {done.base_name} (SHA-256 {done.base_sha256[:12]}…), which is not served.",
            "Name that file in FIRSTLINE_LOCAL_MODEL, or train on the one that is served.",
        )
    return loaded, done


def questions_of(pack: Pack) -> Path:
    """The file of the pack's held-out questions."""
    return pack.folder / "eval" / "questions.jsonl"


def adapter_of(done: Run) -> Path:
    """The run's adapter. Raises OperatorError where it has none."""
    path = done.folder / "adapter.gguf"
    if not path.is_file():
        raise OperatorError(f"The run {done.id!r} has no adapter: {done.status}.", "Run it to its end first.")
    return path


def made_of(pack: Pack, done: Run, questions: Path) -> dict[str, str]:
    """What an evaluation of the run would be of: SHA-256 by name, "" for a file that is missing."""
    files = {"questions": questions, "adapter": done.folder / ADAPTER, "policy": done.folder / POLICY}
    hashes = {name: sha256(path) if path.is_file() else "" for name, path in files.items()}
    return {"pack": pack.content_hash} | hashes


def open_bench(pack: Pack, data: Path | None) -> Bench:
    """Router, engine and questions. Raises OperatorError, RouterError and DataError."""
    settings = chosen_settings(pack.folder, None)
    questions = read_questions(data or questions_of(pack), pack)
    with redirect_stdout(sys.stderr):  # the libraries talk while the encoder is exported
        router = open_router(settings)
    backend = LocalBackend(settings)
    backend.load()
    return Bench(settings, router, backend, questions)


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
