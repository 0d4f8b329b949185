"""What a check finds, when a server is checked, and what a call has to say against it."""

import asyncio
from typing import Any

import pytest

from chatapp.backends.pool.health import State, health
from chatapp.errors import ProviderModelError, ProviderUnreachableError
from tests.backends.conftest import HELLO, Play, ask, error, events, piece, read, status
from tests.backends.pool.conftest import Two

NO_SUCH = status(404, "nothing here")
FINE = status(200, {"data": []})


@pytest.mark.parametrize(
    ("plays", "state", "why"),
    [
        ([FINE], State.LIVE, ""),
        ([status(503, {"error": "Loading model"})], State.DRAINING, "503"),
        ([NO_SUCH, FINE], State.LIVE, ""),
        ([status(401, "who?"), FINE], State.LIVE, ""),
        ([NO_SUCH, NO_SUCH], State.LIVE, ""),
        ([NO_SUCH, status(503, "draining")], State.DRAINING, "503"),
        ([NO_SUCH, error(401, "wrong key")], State.DEAD, "FIRSTLINE_LOCAL_API_KEY"),
        ([status(500, "boom")], State.DEAD, "it answers 500"),
        ([NO_SUCH, status(500, "boom")], State.DEAD, "it answers 500"),
        ([events(hang=True)], State.DEAD, "did not answer in time"),
    ],
)
async def test_what_a_check_finds(
    two: Two, plays: list[Play], state: State, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatapp.backends.pool.health.TIMEOUT_S", 0.2)
    pool = two.pool(HELLO, HELLO)
    two.left.plays = plays
    found = await health(pool.members[0].backend)
    assert (found.state, why in found.why) == (state, True)
    assert len(two.left.seen) == len(plays)
    await pool.aclose()


async def test_a_server_that_went_away_is_found_and_comes_back(two: Two, no_rest: None) -> None:
    pool = two.pool(FINE, FINE)
    two.left.plays = [status(503, "draining")]
    await pool.check()
    assert [one.state for one in pool.statuses] == [State.DRAINING, State.LIVE]
    two.left.plays, two.right.plays = [FINE], [status(500, "boom")]
    await pool.check()
    assert [one.state for one in pool.statuses] == [State.LIVE, State.DEAD]
    assert pool.ready
    await pool.aclose()


async def test_a_watched_pool_checks_at_once_and_again(
    two: Two, monkeypatch: pytest.MonkeyPatch, no_rest: None
) -> None:
    monkeypatch.setattr("chatapp.backends.pool.pool.CHECK_EVERY_S", 0.01)
    pool = two.pool(FINE, FINE)
    thrice = asyncio.Event()

    async def third(*asked: Any) -> None:
        thrice.set()
        await FINE(*asked)

    two.left.plays = [FINE, FINE, third]
    watching = asyncio.create_task(pool.watch())
    await asyncio.wait_for(thrice.wait(), 10)
    assert two.asked[1] >= 2
    watching.cancel()
    await pool.aclose()


async def test_a_busy_server_is_left_alone(two: Two, no_rest: None) -> None:
    pool = two.pool(events(piece("Hel"), hang=True), FINE)
    call = pool.stream(ask("hi"))
    words = aiter(call)
    await anext(words)
    await pool.check()
    assert two.asked == (1, 1)
    await call.aclose()
    assert [word async for word in words] == []
    two.left.plays = [FINE]
    await pool.check()
    assert two.asked == (2, 2)
    await pool.aclose()


async def test_a_server_that_has_just_answered_needs_no_check(two: Two) -> None:
    pool = two.pool(HELLO, FINE)
    await read(pool.stream(ask("hi")))
    await pool.check()
    assert two.asked == (1, 1)
    await pool.aclose()


async def test_a_server_that_fails_call_after_call_rests_ever_longer(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("chatapp.backends.pool.member.monotonic", lambda: clock[0])
    pool = two.pool(events(hang=True), HELLO, local_base_url=two.left.url, local_first_token_timeout_s=0.05)
    (member,) = pool.members
    for rest_s in (5, 10, 20, 40, 60, 60):
        with pytest.raises(Exception, match="did not answer in time"):
            await read(pool.stream(ask("hi")))
        assert (member.state, member.due) == (State.DEAD, False)
        clock[0] += rest_s - 0.1
        assert not member.due
        clock[0] += 0.2
        two.left.plays = [FINE]
        await pool.check()
        assert member.state is State.LIVE
        two.left.plays = [events(hang=True)]
    two.left.plays = [HELLO]
    assert await read(pool.stream(ask("hi"))) == "Hello"
    two.left.plays = [events(hang=True)]
    with pytest.raises(Exception, match="did not answer in time"):
        await read(pool.stream(ask("hi")))
    clock[0] += 5.1
    assert member.due
    await pool.aclose()


async def test_one_failure_that_ends_many_calls_counts_once_and_many_overflow_nothing(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("chatapp.backends.pool.member.monotonic", lambda: clock[0])
    pool = two.pool(HELLO, HELLO, local_base_url=two.left.url)
    (member,) = pool.members
    for _ in range(50):
        member.failed(ProviderUnreachableError("It is gone."))
    clock[0] += 5.1
    assert member.due
    for _ in range(2000):
        member.failed(ProviderModelError("No such model."))
        clock[0] += 61
    assert pool.statuses[0].why == "It is gone."
    member.answered()
    assert (member.state, pool.statuses[0].why) == (State.LIVE, "")
    member.failed(ProviderModelError("No such model."))
    assert (member.state, pool.statuses[0].why) == (State.LIVE, "No such model.")
    await pool.aclose()


async def test_what_a_call_finds_during_a_check_counts_more(two: Two) -> None:
    called = asyncio.Event()

    async def late(*asked: Any) -> None:
        await called.wait()
        await status(500, "boom")(*asked)

    pool = two.pool(HELLO, HELLO, local_base_url=two.left.url)
    two.left.plays = [late, HELLO, status(500, "boom")]
    check = asyncio.create_task(pool.check())
    await two.left.asked.wait()
    assert await read(pool.stream(ask("hi"))) == "Hello"
    called.set()
    await check
    assert pool.ready
    await pool.aclose()
