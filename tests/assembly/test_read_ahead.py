"""The approved texts are read before anybody asks."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chatapp.assembly import read_ahead
from chatapp.assembly.read_ahead import beginnings, keep_warm
from chatapp.assembly.upkeep import kept_up
from chatapp.backends.base import Request
from chatapp.backends.local.backend import LocalBackend
from chatapp.errors import LocalModelError
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.turn.prompts import local_beginnings, local_messages
from localmodel.prompt import GROUNDED, MESSAGE_FIRST
from router.pack.load import load_pack
from router.types import FactVoice
from tests.backends.conftest import read

PIP = load_pack("packs/pip")
PHRASED = [fact for fact in PIP.facts if fact.voice is FactVoice.PHRASED]


def serving(release: str = "r-1", form: str = GROUNDED, **pack: Any) -> Serving:
    router: Any = SimpleNamespace(
        pack=SimpleNamespace(**{"persona": "Be brief.", "facts": PIP.facts, "rules": 1, "safety": None} | pack)
    )
    return Serving(release, router, Path("adapter.gguf"), form)


def test_every_text_that_the_model_words_and_no_other() -> None:
    assert 0 < len(PHRASED) < len(PIP.facts), "the pack has texts of another voice"
    requests = beginnings(serving())
    assert [request.alike for request in requests] == [
        local_beginnings("Be brief.", fact.text, GROUNDED) for fact in PHRASED
    ]
    assert {request.adapter for request in requests} == {Path("adapter.gguf")}
    assert beginnings(serving(rules=None)) == [], "where every text is said word for word there is nothing to read"


class Told:
    """Hears what is to be read, and fails at first."""

    def __init__(self) -> None:
        self.heard: list[list[Request]] = []
        self.failing, self.restarts = True, 0

    def read_ahead(self, requests: list[Request]) -> None:
        if self.failing:
            self.failing = False
            raise LocalModelError("It is not up yet.")
        self.heard.append(requests)


async def test_once_for_each_release_that_serves_and_each_start_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "BEAT_S", 0.001)
    told: Any = Told()
    now = serving()
    task = asyncio.create_task(keep_warm(lambda: now, told))
    await until(lambda: len(told.heard) == 1)
    await asyncio.sleep(0.02)
    now = serving("r-2", MESSAGE_FIRST)
    await until(lambda: len(told.heard) == 2)
    told.restarts += 1
    await until(lambda: len(told.heard) == 3)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    second = beginnings(serving("r-2", MESSAGE_FIRST))
    assert told.heard == [beginnings(serving()), second, second]


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_server_reads_ahead_where_it_is_to(
    wanted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[list[Request]] = []
    monkeypatch.setattr(LocalBackend, "read_ahead", lambda _self, requests: heard.append(requests))
    settings = Settings(data_dir=tmp_path, local_read_ahead=wanted)
    runner: Any = SimpleNamespace(sweep=lambda: asyncio.sleep(0))
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        async with kept_up(settings, store, runner, [LocalBackend(settings)], serving):
            if wanted:
                await until(lambda: bool(heard))
            await asyncio.sleep(0.1)
    assert heard == ([beginnings(serving())] if wanted else [])


async def test_what_was_read_ahead_is_warm_for_the_first_who_asks(tiny_model: Path, tmp_path: Path) -> None:
    backend = LocalBackend(Settings(data_dir=tmp_path, local_model=str(tiny_model), local_threads=1))
    persona, fact = "Be brief.", PHRASED[0].text
    prompts = [request for request in beginnings(serving()) if fact in request.alike[1][-1].content]
    await asyncio.to_thread(backend.read_ahead, [Request(p.messages, alike=p.alike) for p in prompts])
    engine = backend.load()
    await until(lambda: engine.warm_bytes > 0)
    asked = local_messages(persona, fact, "when is it open", GROUNDED)
    stream = backend.stream(Request(asked, max_tokens=2, alike=local_beginnings(persona, fact, GROUNDED)))
    await read(stream)
    rest = backend.count_tokens(asked) - backend.count_tokens(local_messages(persona, fact, "", GROUNDED))
    assert stream.usage.input_tokens - stream.usage.cached_tokens <= rest + 20, "all of the text was warm"
    assert stream.usage.cached_tokens > engine.source(fact)[1]
    await backend.aclose()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - no thread tells the event loop
            await asyncio.sleep(0.002)
