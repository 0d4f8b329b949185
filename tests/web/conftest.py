"""The whole application over a real store and scripted models: what `create_app` serves, without a model loaded."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from chatapp import main
from chatapp.assembly.active_release import Serving
from chatapp.assembly.product import Product
from chatapp.backends.scripted import Script, ScriptedBackend
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.turn.runner import TurnRunner
from router.pack.load import load_pack
from router.types import Circumstances, Decision, Route, ScoredFact


@dataclass
class ToldRouter:
    """Routes what begins with "edge" away, all else here with the pack's first fact."""

    pack: Any = field(default_factory=lambda: load_pack("packs/pip"))
    policy: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(version="p1"))

    def decide(self, text: str, turns: list[str], circumstances: Circumstances) -> Decision:
        fact, out_of_scope = self.pack.facts[0], text.startswith("edge")
        scored = (ScoredFact(fact.id, fact.text, 0.9),)
        away = Route.CLOUD if circumstances.cloud_connected else Route.ABSTAIN
        return Decision(
            route=away if out_of_scope else Route.LOCAL,
            mode=circumstances.mode,
            category=fact.category,
            confidence=0.9,
            in_scope=0.1 if out_of_scope else 0.9,
            threshold=0.5,
            fact_threshold=0.3,
            facts=() if out_of_scope else scored,
            neighbours=(),
            reasons=(),
            policy="p1",
            candidates=scored,
        )


Site = Callable[..., FastAPI]
Visit = Callable[..., TestClient]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Makes an application with these settings; `local` and `cloud` are what the models say."""

    def make(local: Script = lambda _: "Yes.", cloud: Script | None = None, **given: Any) -> FastAPI:
        def build(settings: Settings, fences: Any = None) -> Product:
            router, backends = ToldRouter(), {Route.LOCAL: ScriptedBackend(local, "local")}
            if cloud is not None:
                backends[Route.CLOUD] = ScriptedBackend(cloud, "cloud")
            store = Store.open(settings.resolved_database_url)
            runner = TurnRunner(settings, store, lambda: Serving("pack", router), backends)  # type: ignore[arg-type]
            return Product(settings, store, router, backends, runner, None, fences)  # type: ignore[arg-type]

        monkeypatch.setattr(main, "build_product", build)
        return main.create_app(Settings(**{"data_dir": tmp_path, **given}))

    return make


@pytest.fixture
def visit() -> Iterator[Visit]:
    """A browser of its own at an application; what it is given further goes to its client."""
    with ExitStack() as stack:
        yield lambda app, **more: stack.enter_context(TestClient(app, **more))
