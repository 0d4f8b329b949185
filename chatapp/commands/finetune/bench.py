"""What models are tried on: the router, one engine, and the held-out questions."""

import asyncio
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import typer

from chatapp.assembly.active_release import Server
from chatapp.assembly.open_router import open_router
from chatapp.backends.local.backend import LocalBackend
from chatapp.commands.finetune.chosen import adapter_of, questions_of
from chatapp.commands.router.opened import chosen_settings, under
from chatapp.evaluation.trial import try_all, word_all
from chatapp.serving import Serving
from chatapp.settings import Settings
from finetune.judging.evaluate import Evaluation
from finetune.judging.scoring import Question, Verdict, read_questions
from finetune.training.run_folder import Run
from localmodel.adapter import FORM_KEY, read_metadata
from router.pack.load import Pack
from router.router import Router
from router.stats import Share

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
        self.backend.prepare(adapter)
        return Serving(name, router, adapter, read_metadata(adapter).get(FORM_KEY, ""))

    def base(self) -> Serving:
        """The desk with the base model alone, under the router's default thresholds."""
        router = Router.open(self.router.pack.folder, self.settings.data_dir / "router")
        return Serving(BASE, router, None, self.backend.load().metadata.get(FORM_KEY, ""))

    def serving(self) -> Serving:
        """What serves now."""
        return Server(self.settings, self.router, self.backend, lambda _policy, _why: None).now()

    def tried(self, serving: Serving) -> Evaluation:
        """All questions, put to it."""
        typer.echo(f"Asking {serving.release} {len(self.questions)} questions …", err=True)
        return try_all(self.settings, serving, self.backend, self.questions)


def open_bench(pack: Pack, data: Path | None) -> Bench:
    """Router, engine and questions. Raises OperatorError, RouterError and DataError."""
    settings = chosen_settings(pack.folder, None)
    questions = read_questions(data or questions_of(pack), pack)
    with redirect_stdout(sys.stderr):  # the libraries talk while the encoder is exported
        router = open_router(settings)
    backend = LocalBackend(settings)
    backend.load()
    return Bench(settings, router, backend, questions)


def wording_of(pack: Pack, done: Run, questions: int) -> Share:
    """How often the run's own wording is right, given the right fact, of that many answerable questions."""
    bench = open_bench(pack, None)
    answerable = [question for question in bench.questions if question.facts]
    count = min(questions, len(answerable))
    asked = [answerable[number * len(answerable) // count] for number in range(count)]
    said = asyncio.run(word_all(bench.settings, bench.of(done.id, adapter_of(done)), bench.backend, asked))
    right = sum(q.score(text) is Verdict.RIGHT for q, text in zip(asked, said, strict=True))
    return Share(right, len(asked))
