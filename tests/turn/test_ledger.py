"""Every call of a model has its row before it is made, and keeps it whatever happens then."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chatapp.backends.base import ChatMessage, Request, Usage
from chatapp.backends.scripted import ScriptedBackend
from chatapp.errors import DatabaseError, ProviderUnreachableError
from chatapp.store import CallRecord, Turn
from chatapp.store.models import Outcome, Purpose
from chatapp.turn.events import Failed, Finished
from chatapp.turn.ledger import MeteredCall, close_abandoned
from tests.turn.conftest import Desk

OUT_OF_SCOPE = "outside of everything"


def price(usage: Usage) -> int:
    return 10 * usage.input_tokens + 100 * usage.output_tokens


def begun(desk: Desk) -> Turn:
    return desk.store.turns.begin(desk.conversation, OUT_OF_SCOPE)


def metered(desk: Desk, turn: Turn, *script: str, delay_s: float = 0.0) -> MeteredCall:
    backend = ScriptedBackend(script, "cloud", delay_s)
    request = Request((ChatMessage("user", "one two three"),))
    return MeteredCall(
        desk.store, backend, request, turn_id=turn.id, conversation_id=turn.conversation_id, purpose=Purpose.ANSWER
    )


def only_row(desk: Desk, turn: Turn) -> CallRecord:
    (row,) = desk.store.ledger.calls(turn.id)
    return row


async def test_the_row_stands_before_the_call_is_made(desk: Desk) -> None:
    turn, rows = begun(desk), []

    def say(_: Request) -> str:
        rows.append(only_row(desk, turn))
        return "a b"

    backend = ScriptedBackend(say, "cloud")
    request = Request((ChatMessage("user", "one two three"),))
    async with MeteredCall(
        desk.store, backend, request, turn_id=turn.id, conversation_id=turn.conversation_id, purpose=Purpose.ANSWER
    ) as call:
        assert "".join([token.text async for token in call]) == "a b"
    (opened,) = rows
    assert (opened.outcome, opened.input_tokens, opened.cost_microusd, opened.estimated) == ("open", 3, 3, True)
    assert (opened.total_ms, opened.ttft_ms, opened.error_code) == (0.0, None, None)
    closed = only_row(desk, turn)
    assert (closed.outcome, closed.output_tokens, closed.cost_microusd, closed.estimated) == ("ok", 2, 5, False)
    assert closed.ttft_ms is not None
    assert 0 < closed.ttft_ms <= closed.total_ms < 60_000


async def test_a_call_that_its_process_left_open_is_ended_at_what_was_saved_of_it(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    turn = begun(desk)
    call = metered(desk, turn, "a b")
    await call.__aenter__()  # and the process dies
    desk.store.turns.save_partial(turn.id, "Twenty letters came.")
    assert close_abandoned(desk.store, price, datetime.now(UTC) - timedelta(minutes=3)) == 0
    assert caplog.messages == []
    assert close_abandoned(desk.store, price) == 1
    (logged,) = caplog.messages
    assert logged.startswith("1 model calls were cut off")
    row = only_row(desk, turn)
    assert (row.outcome, row.estimated, row.input_tokens, row.output_tokens) == ("interrupted", True, 3, 5)
    assert row.cost_microusd == 3 * 10 + 5 * 100
    assert close_abandoned(desk.store, price) == 0


async def test_a_call_that_was_ended_by_mistake_is_put_right_by_its_own_end(desk: Desk) -> None:
    turn = begun(desk)
    async with metered(desk, turn, "a b") as call:
        assert close_abandoned(desk.store, price) == 1
        async for _ in call:
            pass
    assert (only_row(desk, turn).outcome, only_row(desk, turn).cost_microusd) == ("ok", 5)


async def test_an_abandoned_local_call_has_no_price_by_the_token(desk: Desk) -> None:
    turn = begun(desk)
    request = Request((ChatMessage("user", "one two three"),))
    call = MeteredCall(
        desk.store,
        ScriptedBackend(["a"]),
        request,
        turn_id=turn.id,
        conversation_id=turn.conversation_id,
        purpose=Purpose.ANSWER,
    )
    await call.__aenter__()
    close_abandoned(desk.store, price)
    assert (only_row(desk, turn).outcome, only_row(desk, turn).cost_microusd) == ("interrupted", 3)


async def test_a_stop_while_the_row_is_being_written_leaves_nothing_open(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, booked = begun(desk), desk.store.ledger.begin

    def slowly(record: CallRecord) -> int:
        import time

        time.sleep(0.1)
        return booked(record)

    monkeypatch.setattr(desk.store.ledger, "begin", slowly)
    entering = asyncio.create_task(metered(desk, turn, "a b").__aenter__())
    await asyncio.sleep(0.02)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert (only_row(desk, turn).outcome, only_row(desk, turn).cost_microusd) == ("stopped", 0)


async def test_a_database_that_takes_no_end_costs_neither_the_answer_nor_the_row(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = begun(desk)

    def full() -> Any:
        raise DatabaseError("The disk is full.", "Make room.")

    with monkeypatch.context() as broken:
        async with metered(desk, turn, "a b") as call:
            said = [token.text async for token in call]
            broken.setattr(desk.store.database, "write", full)
    assert said == ["a", " b"]
    assert only_row(desk, turn).outcome == "open"
    desk.store.ledger.write_late()
    assert only_row(desk, turn).outcome == "ok"


async def test_what_came_late_is_booked_with_the_next_call(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.use((), ["From the cloud.", "Once more."])
    with monkeypatch.context() as broken:
        broken.setattr("chatapp.store.ledger._end", lambda *_: (_ for _ in ()).throw(DatabaseError("Locked.")))
        first = (await desk.say(OUT_OF_SCOPE))[-1]
    assert isinstance(first, Finished)
    assert desk.store.ledger.calls(first.turn_id)[0].outcome == "open"
    await desk.say(OUT_OF_SCOPE)
    assert desk.store.ledger.calls(first.turn_id)[0].outcome == "ok"


async def test_a_call_that_cannot_be_booked_is_not_made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: CallRecord) -> int:
        raise DatabaseError("The disk is full.", "Make room.")

    desk.use((), ["From the cloud."])
    monkeypatch.setattr(desk.store.ledger, "begin", full)
    assert isinstance((await desk.say(OUT_OF_SCOPE))[-1], Failed)
    assert desk.cloud.requests == []


async def test_a_try_that_was_sent_again_has_a_row_of_its_own(desk: Desk) -> None:
    desk.use((), ["From the cloud."])
    desk.cloud.lost = [Usage(40)]
    end = (await desk.say(OUT_OF_SCOPE))[-1]
    assert isinstance(end, Finished)
    answer, lost = desk.store.ledger.calls(end.turn_id)
    assert (lost.outcome, lost.estimated, lost.input_tokens, lost.cost_microusd) == ("failed", True, 40, 40)
    assert end.cost_microusd == answer.cost_microusd + 40


async def test_open_and_refused_calls_are_no_cost_and_no_error_of_a_turn(desk: Desk) -> None:
    from chatapp.store import Prices

    desk.use((), [ProviderUnreachableError("No connection.", "Check it."), "From the cloud."])
    failed, done = (await desk.say(OUT_OF_SCOPE))[-1].turn_id, (await desk.say(OUT_OF_SCOPE))[-1].turn_id
    assert desk.store.ledger.calls(failed)[0].cost_microusd == 0
    await metered(desk, desk.store.turns.get(desk.user, done), "a").__aenter__()
    figures = desk.store.figures.between(None, None, Prices(0.25, 2.0))
    assert figures.total.error_rate == 0.5
    assert [row.outcome for row in desk.store.ledger.calls(done)] == ["ok", Outcome.OPEN]


async def test_a_stop_stays_one_where_the_database_refuses_the_call(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, refused = threading.Event(), threading.Event()

    def refuse(_record: object) -> int:
        asked.set()
        refused.wait(5)
        raise DatabaseError("Locked.", "Wait.")

    monkeypatch.setattr(desk.store.ledger, "begin", refuse)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, "outside of it")
        await asyncio.to_thread(asked.wait, 5)
        desk.runner.stop(desk.conversation)
        refused.set()
        end = (await desk.collect(subscription))[-1]
    assert isinstance(end, Finished)
    assert end.status == "stopped"


async def test_the_time_of_the_computer_is_paid_for_and_cached_tokens_are_booked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = begun(desk)
    call = metered(desk, turn, "a")
    monkeypatch.setattr(call._backend, "cost_microusd", lambda _usage, seconds: round(seconds * 100))
    async with call:
        assert [token.text async for token in call] == ["a"]
        call._stream.usage = Usage(3, 1, cached_tokens=2)
        call._stream.compute_s = 0.5
    row = only_row(desk, turn)
    assert (row.cost_microusd, row.cached_tokens) == (50, 2)
