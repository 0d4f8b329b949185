"""The parts as they are put together."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chatapp.assembly import product as module
from chatapp.assembly.product import build_product, build_server_product
from chatapp.backends.base import ChatMessage
from chatapp.errors import DatabaseError, LocalModelError
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import CallRecord, Store
from chatapp.store.models import Outcome, Purpose
from chatapp.store.server_lock import hold
from localmodel.prompt import GROUNDED
from router.pack.load import load_pack
from router.types import Route
from tests.web.scripted import ToldRouter, scripted_product


class FailingLocal:
    """A local model whose every use fails."""

    model = "broken"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def load(self) -> None:
        """Is there."""

    def count_tokens(self, messages: Any) -> int:
        raise LocalModelError("The model's chat template failed.")

    async def aclose(self) -> None:
        """Nothing to close."""


async def test_the_cloud_counts_without_the_local_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = SimpleNamespace(version="v1", thresholds={}, fact_threshold=0.5, answer_threshold=0.0)
    router = SimpleNamespace(policy=policy, pack=load_pack("packs/pip"))
    monkeypatch.setattr(module, "open_router", lambda _: router)
    monkeypatch.setattr(module, "LocalBackend", FailingLocal)
    monkeypatch.setattr(module, "Server", lambda *_: SimpleNamespace(now=lambda: Serving("pack", router)))
    built = build_product(Settings(data_dir=tmp_path, cloud_api_key="sk-x"))  # type: ignore[arg-type]
    try:
        assert built.backends[Route.CLOUD].count_tokens([ChatMessage("user", "Hello there, 你好")]) > 4
    finally:
        await built.aclose()


async def test_where_servers_answer_no_model_is_loaded_and_no_release_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def loaded(*_: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr(module, "open_router", lambda _: ToldRouter())
    monkeypatch.setattr(module, "LocalBackend", loaded)
    promoted = tmp_path / "releases" / "pip" / "current.json"
    promoted.parent.mkdir(parents=True)
    promoted.write_text('{"releases": ["r-1"]}')
    servers = "http://127.0.0.1:9/v1"
    given = {"local_base_url": servers, "local_server_model": "small", "local_server_form": GROUNDED}
    built = build_product(Settings(data_dir=tmp_path, **given))  # type: ignore[arg-type]
    serving = built.serving()
    assert (serving.release, serving.adapter, serving.form) == ("servers", None, GROUNDED)
    assert built.backends[Route.LOCAL].model == "small"
    assert "'r-1' does not serve: FIRSTLINE_LOCAL_BASE_URL" in caplog.text
    await built.aclose()


def test_a_second_server_is_refused_before_a_model_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def loaded(_: Settings) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr(module, "open_router", loaded)
    settings = Settings(data_dir=tmp_path)
    held = hold(settings.resolved_database_url)
    assert held
    with pytest.raises(DatabaseError, match="Another Firstline serves the database"):
        build_server_product(settings)
    held.release()


def test_what_cannot_be_built_holds_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Settings) -> None:
        raise LocalModelError("no model")

    monkeypatch.setattr(module, "open_router", missing)
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(LocalModelError):
        build_server_product(settings)
    lock = hold(settings.resolved_database_url)
    assert lock
    lock.release()


def test_a_server_that_cannot_end_what_was_left_open_holds_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DatabaseError("The disk is full.")

    monkeypatch.setattr(module, "build_product", lambda given, _: scripted_product(given))
    monkeypatch.setattr(module, "close_left_open", full)
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(DatabaseError, match="The disk is full"):
        build_server_product(settings)
    lock = hold(settings.resolved_database_url)
    assert lock
    lock.release()


async def test_a_server_has_its_database_to_itself_and_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path)
    monkeypatch.setattr(module, "build_product", lambda given, _: scripted_product(given))
    with Store.open(settings.resolved_database_url) as store:
        store.conversations.ensure_user("ann")
        turn = store.turns.begin(store.conversations.create("ann").id, "hello")
        call = CallRecord(turn.id, turn.conversation_id, Purpose.ANSWER, Route.LOCAL, "m", 3, 0, 0, 0.0, Outcome.OPEN)
        store.ledger.begin(call)
    product = build_server_product(settings)
    assert product.store.ledger.calls(turn.id)[0].outcome == Outcome.INTERRUPTED
    with pytest.raises(DatabaseError):
        build_server_product(settings)
    await product.aclose()
    lock = hold(settings.resolved_database_url)
    assert lock
    lock.release()
