"""A turn's surroundings: a real database, scripted models, and a router that says what it is told."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest_asyncio

from chatapp.backends.scripted import Script, ScriptedBackend
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.store.notices import Note
from chatapp.turn.events import Event, Failed, Finished
from chatapp.turn.runner import TurnRunner
from language.english import ENGLISH
from router.danger import Danger
from router.policy.ask import chosen, given, titled
from router.policy.policy import Policy
from router.types import Circumstances, Decision, Fact, FactVoice, Route, ScoredFact
from tests.danger import DANGER, SAFE

FACT = ScoredFact("returns.window", "You have 60 days from delivery to send unused goods back.", 0.9)


FREE = Fact("identity.name", "identity", "I am Pip.", ("who are you",), voice=FactVoice.FREE)
VERBATIM = Fact("courtesy.hello", "courtesy", "Hello!", ("hi",), voice=FactVoice.VERBATIM)


TITLES = {"returns.window": "How long I can return goods", "returns.label": "Get a return label"}
TORN = tuple(ScoredFact(name, f"The text of {name}.", 0.3) for name in TITLES)


@dataclass
class ToldRouter:
    """Routes by the first word: `outside …` away from here, `torn …` to a question back, all else local with one fact,
    or with one for each of two questions where `second` is set. `others` are less likely facts, which `also_chosen`
    makes further reading.
    """

    fact: ScoredFact = FACT
    second: ScoredFact | None = None
    others: tuple[ScoredFact, ...] = ()
    also_chosen: bool = False
    pack: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(
            persona="You are a help desk.", contact="call 0800.", facts=(VERBATIM, FREE), rules=ENGLISH, safety=SAFE
        )
    )
    seen: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    danger: Danger = field(default_factory=lambda: DANGER)

    def titles(self, facts: Sequence[ScoredFact]) -> tuple[str, ...]:
        return tuple(TITLES[fact.id] for fact in facts)

    def decide(
        self, text: str, turns: list[str], circumstances: Circumstances, *, question: Decision | None = None
    ) -> Decision:
        self.seen.append((text, tuple(turns)))
        if in_danger := self.danger.decide(text, circumstances):
            return in_danger
        offered = {fact.id: TITLES[fact.id] for fact in question.options} if question else {}
        if name := titled(text, TITLES) or chosen(text, offered, ENGLISH):
            fact = next(fact for fact in TORN if fact.id == name)
            return given(Fact(fact.id, "returns", fact.text, ()), Policy({"returns": 0.5}, 0.3), circumstances)
        if text.startswith("torn") and circumstances.may_ask:
            return replace(self.decide("", turns, circumstances), route=Route.ASK, facts=(), options=TORN)
        out_of_scope = text.startswith("outside")
        facts = (self.fact, self.second) if self.second else (self.fact,)
        away = Route.CLOUD if circumstances.cloud_connected else Route.ABSTAIN
        return Decision(
            route=away if out_of_scope else Route.LOCAL,
            mode=circumstances.mode,
            category="returns",
            confidence=0.9,
            in_scope=0.1 if out_of_scope else 0.9,
            threshold=0.5,
            fact_threshold=0.3,
            facts=() if out_of_scope else (*facts, *(self.others if self.also_chosen else ())),
            neighbours=(),
            reasons=(),
            policy="test",
            candidates=(*facts, *self.others),
            asked=len(facts),
        )


@dataclass
class Heard:
    """A speaker that writes down what it is told."""

    said: list[tuple[str, bool]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def say(self, text: str, *, replace: bool = False) -> None:
        self.said.append((text, replace))

    def notice(self, note: Note) -> None:
        self.notes.append(note)

    def escalated(self, reason: str) -> None:
        self.reasons.append(reason)

    def attended(self) -> bool:
        return True

    @property
    def text(self) -> str:
        shown = ""
        for text, anew in self.said:
            shown = text if anew else shown + text
        return shown


class Desk:
    """A runner over scripted models, and what a test does with it."""

    user = "someone"

    def __init__(self, folder: Path, url: str = "") -> None:
        self.settings = Settings(data_dir=folder, cloud_api_key="sk-x")  # type: ignore[arg-type]
        self.store = Store.open(url or f"sqlite:///{folder / 'turns.db'}")
        self.router = ToldRouter()
        self.store.conversations.ensure_user(self.user)
        self.conversation = self.store.conversations.create(self.user).id
        self.runner: TurnRunner

    def use(self, local: Script = (), cloud: Script | None = (), delay_s: float = 0.0, **settings: object) -> None:
        """Put these models behind the desk; `cloud` None connects none."""
        self.settings = self.settings.model_copy(update=settings)
        self.local = ScriptedBackend(local, "local", delay_s)
        backends = {Route.LOCAL: self.local}
        if cloud is not None:
            self.cloud = ScriptedBackend(cloud, "cloud", delay_s)
            backends[Route.CLOUD] = self.cloud
        self.runner = TurnRunner(self.settings, self.store, lambda: Serving("pack", self.router), backends)  # type: ignore[arg-type]

    def unsure(self) -> None:
        """Make the router less sure of its fact."""
        self.router.fact = replace(FACT, probability=0.3)

    async def say(self, text: str, **more: object) -> list[Event]:
        """Send a message and collect its events up to the end."""
        with self.runner.watch(self.conversation) as (subscription, _):
            await self.runner.start(self.user, self.conversation, text, **more)  # type: ignore[arg-type]
            return await self.collect(subscription)

    async def until(self, subscription: object, *kinds: type[Event]) -> list[Event]:
        """Events up to the first of these kinds."""
        told: list[Event] = []
        async for event in subscription:  # type: ignore[attr-defined]
            told.append(event)
            if isinstance(event, kinds):
                return told
        raise AssertionError("unreachable")

    async def again(self, turn_id: int, *, cloud: bool = False) -> list[Event]:
        """Answer once more, and collect the events."""
        with self.runner.watch(self.conversation) as (subscription, _):
            await self.runner.again(self.user, turn_id, cloud=cloud)
            return await self.collect(subscription)

    async def collect(self, subscription: object) -> list[Event]:
        """Events up to the end of the turn."""
        return await self.until(subscription, Finished, Failed)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    desk.use()
    yield desk
    await desk.runner.aclose()
    desk.store.close()
