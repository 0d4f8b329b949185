"""The whole desk, asked held-out questions: the product's own turn, over a database that is thrown away."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from chatapp.backends.base import ChatMessage, Request, whole_text
from chatapp.backends.cloud.backend import CloudBackend
from chatapp.backends.local.backend import LocalBackend
from chatapp.backends.remembering import Remembering
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.turn.events import Failed, Finished
from chatapp.turn.prompts import cloud_messages, free_messages, local_beginnings, local_messages
from chatapp.turn.runner import TurnRunner
from finetune.judging.evaluate import Evaluation, Row
from finetune.judging.scoring import Question
from router.pack.load import Pack
from router.types import Fact, FactVoice, Mode, Route

USER = "trial"


class Trial:
    """One model and its policy behind the desk, in local-only mode: what it cannot answer it leaves unanswered."""

    def __init__(self, settings: Settings, serving: Serving, backend: LocalBackend, store: Store) -> None:
        self._settings = settings.model_copy(update={"mode": Mode.LOCAL_ONLY})
        self._serving, self._backend, self._store = serving, Remembering(backend), store
        self._facts = {fact.id: fact for fact in serving.router.pack.facts}
        self._runner = TurnRunner(self._settings, store, lambda: serving, {Route.LOCAL: self._backend})
        store.conversations.ensure_user(USER)

    async def row(self, question: Question) -> Row:
        """One question, put to every layer."""
        scores = self._serving.router.scores(question.text)
        worded = await self.word(question.text, question.facts[0]) if question.facts else ""
        best = scores.facts[0].id if scores.facts else ""
        return Row(question, best, worded, await self.read(question.text))

    async def word(self, text: str, fact_id: str) -> str:
        """The model's own words on a fact, no guard over them; the fact itself where no model words it."""
        fact = self._facts[fact_id]
        if fact.voice is FactVoice.VERBATIM:
            return fact.text
        request = Request(
            self._messages(fact, text),
            self._settings.local_max_tokens,
            self._settings.local_temperature,
            self._settings.local_seed,
            self._serving.adapter,
            "" if fact.voice is FactVoice.FREE else fact.text,
            self._alike(fact),
        )
        return (await whole_text(self._backend.stream(request))).strip()

    async def read(self, text: str) -> str:
        """What the user reads of the desk's own answer, "" where it has none."""
        conversation = self._store.conversations.create(USER).id
        with self._runner.watch(conversation) as (subscription, _):
            await self._runner.start(USER, conversation, text)
            async for event in subscription:
                if isinstance(event, Finished):
                    return event.text if event.status == "done" else ""
                if isinstance(event, Failed):
                    return ""
        return ""

    def _alike(self, fact: Fact) -> tuple[tuple[ChatMessage, ...], ...]:
        persona = self._serving.router.pack.persona
        return () if fact.voice is FactVoice.FREE else local_beginnings(persona, fact.text, self._serving.form)

    def _messages(self, fact: Fact, text: str) -> tuple[ChatMessage, ...]:
        persona = self._serving.router.pack.persona
        return (
            free_messages(persona, text)
            if fact.voice is FactVoice.FREE
            else local_messages(persona, fact.text, text, self._serving.form)
        )


@asynccontextmanager
async def open_trial(settings: Settings, serving: Serving, backend: LocalBackend) -> AsyncIterator[Trial]:
    """A desk over a database of its own, closed and thrown away at the end."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Store.open(f"sqlite:///{Path(scratch) / 'trial.db'}")
        try:
            trial = Trial(settings, serving, backend, store)
            yield trial
            await trial._runner.aclose()
        finally:
            store.close()


async def word_all(
    settings: Settings, serving: Serving, backend: LocalBackend, questions: Sequence[Question]
) -> list[str]:
    """The model's own words on the right fact of each question; questions that no fact answers are skipped."""
    async with open_trial(settings, serving, backend) as trial:
        return [await trial.word(question.text, question.facts[0]) for question in questions if question.facts]


async def word_in_cloud(settings: Settings, pack: Pack, questions: Sequence[Question]) -> list[str]:
    """The cloud model's words on the right fact of each question that one answers. Raises ProviderError."""
    facts = {fact.id: fact.text for fact in pack.facts}
    backend, said = CloudBackend(settings), []
    try:
        for question in questions:
            if question.facts:
                messages = cloud_messages(pack.persona, (), [facts[question.facts[0]]], question.text)
                request = Request(messages, settings.cloud_max_tokens, settings.cloud_temperature, settings.local_seed)
                said.append((await whole_text(backend.stream(request))).strip())
    finally:
        await backend.aclose()
    return said


def try_all(settings: Settings, serving: Serving, backend: LocalBackend, questions: Sequence[Question]) -> Evaluation:
    """Every question, one after the other, under a progress bar."""
    from tqdm import tqdm

    async def all_rows() -> Evaluation:
        async with open_trial(settings, serving, backend) as trial:
            return Evaluation(tuple([await trial.row(question) for question in tqdm(questions, leave=False)]))

    return asyncio.run(all_rows())
