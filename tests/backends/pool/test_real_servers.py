"""The local route at real servers: `python -m llama_cpp.server`, alone, and two of which both are killed."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from bench.processes import cloud_server
from chatapp.backends.pool.health import State, health
from chatapp.backends.pool.member import Member
from chatapp.backends.pool.pool import Pool
from chatapp.serving import Serving
from chatapp.turn.events import Finished
from chatapp.turn.prompts import local_messages
from chatapp.turn.runner import TurnRunner
from router.types import Route
from tests.backends.conftest import Request, make_settings
from tests.turn.conftest import FACT, Desk

PATIENT = {"local_connect_timeout_s": 60, "local_first_token_timeout_s": 300, "local_stall_timeout_s": 300}
"""A busy machine is slow, not dead."""
QUESTION = "how long do i have to send something back"


def pool_of(folder: Path, *urls: str) -> Pool:
    given = {"local_base_url": ",".join(urls), "local_server_model": "small", "local_total_timeout_s": 600}
    return Pool(make_settings(data_dir=folder, **(given | PATIENT)))


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    await desk.runner.aclose()
    desk.store.close()


async def test_an_answer_of_a_real_server(real_server: str, tmp_path: Path) -> None:
    pool = pool_of(tmp_path, real_server)
    assert (await health(pool.members[0].backend)).state is State.LIVE
    messages = local_messages("You are a help desk.", FACT.text, QUESTION)
    call = pool.stream(Request(messages, max_tokens=10))
    tokens = [token async for token in call]
    assert "60 days" in "".join(token.text for token in tokens)
    assert all(token.logprob is not None and token.logprob <= 0 for token in tokens)
    assert len(tokens) > 5
    assert call.usage.input_tokens > 100
    assert 0 < call.compute_s < 600
    await pool.aclose()


@pytest.mark.real
async def test_servers_that_are_killed_lose_no_turn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        left, right = (stack.enter_context(cloud_server()) for _ in range(2))
        pids, armed = {left.url: left.pid, right.url: right.pid}, []
        answered = Member.answered

        def kill_at_the_first_word(member: Member) -> None:
            if armed:
                os.kill(pids[member.server.base_url], signal.SIGKILL)
            answered(member)

        monkeypatch.setattr(Member, "answered", kill_at_the_first_word)
        pool = pool_of(desk.settings.data_dir, left.url, right.url)
        serving = Serving("servers", desk.router)  # type: ignore[arg-type]
        desk.runner = TurnRunner(desk.settings, desk.store, lambda: serving, {Route.LOCAL: pool})

        async def call() -> tuple[str, str, str | None]:
            """How a turn ended, and its call."""
            end = (await desk.say(QUESTION))[-1]
            assert isinstance(end, Finished)
            assert end.status == "done"
            assert "60 days" in end.text
            made = desk.store.ledger.calls(desk.store.exchanges.of(desk.conversation)[-1].turn.id)
            return end.text, made[-1].outcome, made[-1].error_code

        for _ in range(2):  # one of each
            assert (await call())[1] == "ok"
        os.kill(left.pid, signal.SIGKILL)
        assert (await call())[1] == "ok"  # between two answers: the other one has answered
        assert [one.state for one in pool.statuses] == [State.DEAD, State.LIVE]
        armed.append(True)
        text, outcome, code = await call()  # in the middle of one: the approved wording stands in for it
        assert (text, outcome, code) == (FACT.text, "cut", "provider_cut")
        text, outcome, code = await call()  # none is left
        assert (text, outcome, code) == (FACT.text, "failed", "local_model")
        assert [one.state for one in pool.statuses] == [State.DEAD, State.DEAD]
        await desk.runner.aclose()
        await pool.aclose()
