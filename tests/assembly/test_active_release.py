"""A promotion and a rollback while conversations run: none fails, and none is answered by two models."""

import asyncio
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chatapp.assembly.active_release import NO_ADAPTER, Server, open_releases
from chatapp.backends.local.backend import LocalBackend
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.turn.events import Failed, Finished
from chatapp.turn.runner import TurnRunner
from engine.runtime import Runtime
from localmodel.errors import BaseModelError
from localmodel.release import ADAPTER, POLICY
from router.pack.load import Pack, load_pack
from router.policy.file import MadeFor, Stated, write_policy
from router.policy.policy import Policy
from router.types import Mode, Route
from tests.backends.conftest import make_settings
from tests.tiny_model import write_tiny_adapter
from tests.turn.conftest import ToldRouter

SUPPORT = Path("packs/support")


@pytest.fixture(scope="module")
def pack(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The shipped pack, which brings an adapter for the tiny model."""
    folder = tmp_path_factory.mktemp("pack")
    write_tiny_adapter(tiny_model, folder / ADAPTER, seed=7)
    return replace(load_pack(SUPPORT), folder=folder)


@pytest.fixture
def settings(tmp_path: Path, tiny_model: Path) -> Settings:
    return make_settings(data_dir=tmp_path, mode=Mode.LOCAL_ONLY, local_max_tokens=24, local_model=str(tiny_model))


def _router(pack: Pack, **more: object) -> Any:
    """Says what it is told, over `pack`."""
    router = ToldRouter(pack=pack)  # type: ignore[arg-type]
    for name, value in more.items():
        setattr(router, name, value)
    return router


def _server(settings: Settings, pack: Pack, backend: LocalBackend, **more: object) -> Server:
    return Server(settings, _router(pack, **more), backend, lambda _policy, _why: None)


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 - neither the model's line nor a thread tells the event loop
        await asyncio.sleep(0.01)


async def test_no_conversation_fails_and_none_is_answered_by_two_models(
    settings: Settings, pack: Pack, random_adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_answer, decode = threading.Event(), Runtime.decode

    def held(self: Runtime, *told: Any) -> None:
        assert may_answer.wait(60)
        decode(self, *told)

    monkeypatch.setattr(Runtime, "decode", held)
    backend = LocalBackend(settings)
    server = _server(settings, pack, backend)
    store = Store.open(f"sqlite:///{tmp_path / 'load.db'}")
    store.conversations.ensure_user("u")
    begun = 0

    def serving() -> Serving:
        nonlocal begun
        begun += 1
        return server.now()

    runner = TurnRunner(settings, store, serving, {Route.LOCAL: backend})
    releases = open_releases(settings, pack)

    async def talk(number: int) -> str:
        conversation = store.conversations.create("u").id
        with runner.watch(conversation) as (subscription, _):
            await runner.start("u", conversation, f"how long do i have, {number}")
            async for event in subscription:
                if isinstance(event, Finished | Failed):
                    assert isinstance(event, Finished), event
                    assert event.status == "done"
                    break
        (exchange,) = store.exchanges.of(conversation)
        models = {call.model for call in store.ledger.calls(exchange.turn.id)}
        assert len(models) == 1
        return models.pop()

    async with asyncio.timeout(60):
        first = asyncio.gather(*(talk(number) for number in range(6)))
        await _until(lambda: len(backend.streams) == 6)
        promoted = await asyncio.to_thread(
            releases.promote, {ADAPTER: random_adapter}, who="test", why="load", replaces=releases.shipped.id
        )
        changing = asyncio.create_task(asyncio.to_thread(server.now))
        await _until(server._changing.locked)
        before = begun
        second = asyncio.gather(*(talk(number) for number in range(6)))
        await _until(lambda: begun == before + 6)
        assert not first.done()
        may_answer.set()
        assert all(model.endswith(f"+{pack.folder.name}") for model in (*await first, *await second))
        assert (await changing).release == promoted.id
        then = await asyncio.gather(*(talk(number) for number in range(6)))
        assert all(model.endswith(f"+{promoted.id}") for model in then)
        await asyncio.to_thread(releases.rollback, who="test", why="load")
        await asyncio.to_thread(server.now)
        third = await asyncio.gather(*(talk(number) for number in range(3)))
        assert all(model.endswith(f"+{pack.folder.name}") for model in third)
    await runner.aclose()
    await backend.aclose()
    store.close()


def _cut_off(adapter: Path, path: Path) -> Path:
    shutil.copy(adapter, path)
    os.truncate(path, path.stat().st_size // 2)
    return path


def _for_another_base(_adapter: Path, path: Path) -> Path:
    return shutil.copy(SUPPORT / ADAPTER, path)


@pytest.mark.parametrize(
    ("spoilt", "why"), [(_cut_off, "is not a whole GGUF file"), (_for_another_base, "was made for the base")]
)
async def test_a_release_that_cannot_serve_leaves_the_old_one_in_service(
    settings: Settings,
    pack: Pack,
    random_adapter: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    spoilt: Any,
    why: str,
) -> None:
    backend = LocalBackend(settings)
    server = _server(settings, pack, backend)
    before = server.now()
    releases = open_releases(settings, pack)
    files = {ADAPTER: spoilt(random_adapter, tmp_path / "broken.gguf")}
    releases.promote(files, who="t", why="t", replaces=releases.shipped.id)
    assert server.now() is before
    assert "still does" in caplog.text
    assert why in caplog.text
    releases.rollback(who="t", why="t")
    assert server.now().release == releases.shipped.id
    await backend.aclose()


async def test_the_setting_goes_before_what_was_promoted(settings: Settings, pack: Pack, random_adapter: Path) -> None:
    backend = LocalBackend(settings)
    releases = open_releases(settings, pack)
    promoted = releases.promote({ADAPTER: random_adapter}, who="t", why="t", replaces=releases.shipped.id)
    assert _server(settings, pack, backend).now().adapter == promoted.adapter
    none = settings.model_copy(update={"adapter": NO_ADAPTER})
    assert _server(none, pack, backend).now() == Serving(NO_ADAPTER, _router(pack))
    own = settings.model_copy(update={"adapter": str(random_adapter)})
    assert _server(own, pack, backend).now().adapter == random_adapter
    absent = settings.model_copy(update={"adapter": "/nowhere/adapter.gguf"})
    with pytest.raises(BaseModelError, match="nowhere"):
        _server(absent, pack, backend)
    await backend.aclose()


def _longer(model: Path, path: Path) -> Path:
    path.write_bytes(model.read_bytes() + b"\0")
    return path


async def test_an_adapter_for_another_base_does_not_serve(
    settings: Settings, pack: Pack, tiny_model: Path, random_adapter: Path, tmp_path: Path
) -> None:
    other = _longer(tiny_model, tmp_path / "other.gguf")
    moved = settings.model_copy(update={"local_model": str(other), "adapter": str(random_adapter)})
    backend = LocalBackend(moved)
    with pytest.raises(BaseModelError, match="was made for the base"):
        _server(moved, pack, backend)
    plain = moved.model_copy(update={"adapter": ""})
    now = _server(plain, pack, backend).now()
    assert (now.release, now.adapter) == ("pack", None)
    await backend.aclose()


@pytest.mark.real
async def test_what_the_shipped_pack_brings_serves_over_the_shipped_model(settings: Settings) -> None:
    shipped = settings.model_copy(update={"local_model": ""})
    backend = LocalBackend(shipped)
    assert _server(shipped, load_pack(SUPPORT), backend).now().adapter == SUPPORT / ADAPTER
    await backend.aclose()


async def test_a_release_whose_pack_was_changed_serves_after_a_restart_under_default_thresholds(
    settings: Settings, pack: Pack, random_adapter: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    releases, backend = open_releases(settings, pack), LocalBackend(settings)
    own = Policy({category.key: 0.5 for category in pack.categories}, 0.5)

    def started() -> Server:
        return _server(settings, pack, backend, policy=own, encoder=SimpleNamespace(fingerprint="this"))

    server = started()
    policy = Policy(dict.fromkeys((category.key for category in pack.categories), 0.9), 0.9)
    write_policy(tmp_path / POLICY, policy, Stated(), MadeFor("another", "another", "another"))
    files = {ADAPTER: random_adapter, POLICY: tmp_path / POLICY}
    promoted = releases.promote(files, who="t", why="t", replaces=releases.shipped.id)
    assert server.now().release == releases.shipped.id
    assert "made for the encoder 'another'" in caplog.text
    again = started().now()
    assert (again.release, again.router.policy) == (promoted.id, own)
    assert "serves under default thresholds" in caplog.text
    await backend.aclose()
