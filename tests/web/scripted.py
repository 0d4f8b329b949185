"""A product that opens in a moment: a real store, real turns, a router that is told, and models with a script."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from chatapp.assembly.product import Product
from chatapp.backends.base import Backend
from chatapp.backends.scripted import Script, ScriptedBackend
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.turn.runner import TurnRunner
from router.pack.load import Pack, load_pack
from router.policy.ask import chosen, given, titled
from router.policy.policy import Policy
from router.types import Circumstances, Decision, Mode, Reason, ReasonCode, Route, ScoredFact
from tests.danger import DANGER, SAFE


def a_policy(pack: Pack, threshold: float = 0.5) -> Policy:
    """One threshold for every category of the pack."""
    return Policy({category.key: threshold for category in pack.categories}, 0.3)


class ToldRouter:
    """Routes what begins with "outside" away, asks back about what begins with "torn", tells danger by the word for it,
    and answers all else here with the pack's first fact.
    """

    encoder, danger = SimpleNamespace(fingerprint="told"), DANGER

    def __init__(self, pack: Pack | None = None, policy: Policy | None = None) -> None:
        self.pack = pack or replace(load_pack("packs/pip"), safety=SAFE)
        self.policy = policy or a_policy(self.pack)
        self._titled = {fact.id: fact for fact in self.pack.facts if fact.title}

    def titles(self, facts: Sequence[ScoredFact]) -> tuple[str, ...]:
        """Of these facts."""
        return tuple(self._titled[fact.id].title for fact in facts)

    def with_policy(self, policy: Policy) -> "ToldRouter":
        """The same under another policy."""
        return ToldRouter(self.pack, policy)

    def decide(
        self, text: str, turns: list[str], circumstances: Circumstances, *, question: Decision | None = None
    ) -> Decision:
        if in_danger := self.danger.decide(text, circumstances):
            return in_danger
        titles = {name: fact.title for name, fact in self._titled.items()}
        offered = {fact.id: titles[fact.id] for fact in question.options} if question else {}
        if name := titled(text, titles) or chosen(text, offered, self.pack.rules):
            return given(self._titled[name], self.policy, circumstances)
        if text.startswith("torn") and circumstances.may_ask:
            options = tuple(ScoredFact(fact.id, fact.text, 0.4) for fact in self._titled.values())[:2]
            return replace(self.decide("", turns, circumstances), route=Route.ASK, facts=(), options=options)
        fact, outside = self.pack.facts[0], text.startswith("outside")
        scored = (ScoredFact(fact.id, fact.text, 0.9),)
        away = Route.CLOUD if circumstances.cloud_connected else Route.ABSTAIN
        return Decision(
            route=away if outside else Route.LOCAL,
            mode=circumstances.mode,
            category=fact.category,
            confidence=0.9,
            in_scope=0.1 if outside else 0.9,
            threshold=self.policy.threshold(fact.category),
            fact_threshold=self.policy.fact_threshold,
            facts=() if outside else scored,
            neighbours=(),
            reasons=(
                Reason(ReasonCode.OUT_OF_SCOPE, "Told so.") if outside else Reason(ReasonCode.IN_SCOPE, "Told so."),
            ),
            policy=self.policy.version,
            candidates=scored,
        )


def scripted_product(
    settings: Settings,
    local: Script | ScriptedBackend = lambda _: "Yes.",
    cloud: Script | ScriptedBackend | None = None,
    **given: Any,
) -> Product:
    """A product over the settings' database; `local` and `cloud` are what the models say, `given` replaces parts."""
    router: Any = ToldRouter()
    backends: dict[Route, Backend] = {Route.LOCAL: _backend(local, "local")}
    if cloud is not None and settings.mode is Mode.HYBRID:
        backends[Route.CLOUD] = _backend(cloud, "cloud")
    store = Store.open(settings.resolved_database_url)
    serving = given.pop("serving", lambda: Serving("pack", router))
    runner = TurnRunner(settings, store, serving, backends)
    return Product(settings, router.pack, store, backends, runner, serving, **given)


def _backend(script: Script | ScriptedBackend, name: str) -> ScriptedBackend:
    return script if isinstance(script, ScriptedBackend) else ScriptedBackend(script, name)
