"""A promotion and a rollback while conversations run: none fails, and none is answered by two models."""

import asyncio
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from chatapp.assembly.active_release import NO_ADAPTER, Server, open_releases
from chatapp.backends.local.backend import LocalBackend
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.turn.events import Failed, Finished
from chatapp.turn.runner import TurnRunner
from localmodel.errors import BaseModelError
from localmodel.model_file import shipped_model
from localmodel.release import ADAPTER, POLICY
from router.pack.load import load_pack
from router.policy.file import MadeFor, Stated, write_policy
from router.policy.policy import Policy
from router.types import Mode, Route
from tests.backends.conftest import make_settings
from tests.turn.conftest import ToldRouter

pytestmark = pytest.mark.real


class Router(ToldRouter):
    """Says what it is told, over the shipped pack."""

    def __init__(self) -> None:
        super().__init__()
        self.pack = load_pack("packs/support")  # type: ignore[assignment]


def _server(settings: Settings, backend: LocalBackend) -> Server:
    return Server(settings, Router(), backend, lambda _policy, _why: None)  # type: ignore[arg-type]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(data_dir=tmp_path, mode=Mode.LOCAL_ONLY, local_max_tokens=24)


async def test_no_conversation_fails_and_none_is_answered_by_two_models(
    settings: Settings, random_adapter: Path, tmp_path: Path
) -> None:
    backend = LocalBackend(settings)
    server = _server(settings, backend)
    store = Store.open(f"sqlite:///{tmp_path / 'load.db'}")
    store.conversations.ensure_user("u")
    runner = TurnRunner(settings, store, server.now, {Route.LOCAL: backend})
    releases = open_releases(settings, load_pack("packs/support"))

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

    first = asyncio.gather(*(talk(number) for number in range(6)))
    await asyncio.sleep(0.05)
    promoted = await asyncio.to_thread(
        releases.promote, {ADAPTER: random_adapter}, who="test", why="load", replaces=releases.shipped.id
    )
    second = await asyncio.gather(*(talk(number) for number in range(6)))
    await asyncio.to_thread(releases.rollback, who="test", why="load")
    third = await asyncio.gather(*(talk(number) for number in range(3)))
    assert all(model.endswith(f"+{promoted.id}") for model in second)
    assert not any(promoted.id in model for model in third)
    await first
    await runner.aclose()
    await backend.aclose()
    store.close()


async def test_a_release_that_cannot_serve_leaves_the_old_one_in_service(
    settings: Settings, random_adapter: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = LocalBackend(settings)
    server = _server(settings, backend)
    before = server.now()
    broken = shutil.copy(random_adapter, tmp_path / "broken.gguf")
    os.truncate(broken, broken.stat().st_size // 2)
    releases = open_releases(settings, load_pack("packs/support"))
    releases.promote({ADAPTER: broken}, who="t", why="t", replaces=releases.shipped.id)
    assert server.now() is before
    assert "still does" in caplog.text
    releases.rollback(who="t", why="t")
    assert server.now().release == releases.shipped.id
    await backend.aclose()


async def test_the_setting_goes_before_what_was_promoted(settings: Settings, random_adapter: Path) -> None:
    backend = LocalBackend(settings)
    none = settings.model_copy(update={"adapter": NO_ADAPTER})
    assert _server(none, backend).now() == Serving(NO_ADAPTER, _server(none, backend).now().router)
    own = settings.model_copy(update={"adapter": str(random_adapter)})
    assert _server(own, backend).now().adapter == random_adapter
    absent = settings.model_copy(update={"adapter": "/nowhere/adapter.gguf"})
    with pytest.raises(BaseModelError, match="nowhere"):
        _server(absent, backend)
    await backend.aclose()


async def test_an_adapter_for_another_base_does_not_serve(
    settings: Settings, random_adapter: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(shipped_model().read_bytes() + b"\0")
    moved = settings.model_copy(update={"local_model": str(other), "adapter": str(random_adapter)})
    backend = LocalBackend(moved)
    with pytest.raises(BaseModelError, match="was made for the base"):
        _server(moved, backend)
    plain = moved.model_copy(update={"adapter": ""})
    assert (_server(plain, backend).now().release, _server(plain, backend).now().adapter) == ("pack", None)
    await backend.aclose()


async def test_a_release_whose_pack_was_changed_serves_after_a_restart_under_default_thresholds(
    settings: Settings, random_adapter: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pack = load_pack("packs/support")
    releases, backend = open_releases(settings, pack), LocalBackend(settings)
    own = Policy({category.key: 0.5 for category in pack.categories}, 0.5)

    def started() -> Server:
        router = Router()
        router.policy, router.encoder = own, SimpleNamespace(fingerprint="this")  # type: ignore[attr-defined]
        return Server(settings, router, backend, lambda _policy, _why: None)  # type: ignore[arg-type]

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
