"""The database fails amid a turn, for real: what was answered is shown, kept, and stored when it can be."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import islice, permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import update

from chatapp.assembly import upkeep
from chatapp.backends.base import Request
from chatapp.errors import DatabaseError
from chatapp.store import Store, database
from chatapp.store.models import TurnRow, utcnow
from chatapp.turn import outbox
from chatapp.turn.events import Failed, Finished, Notice
from tests.store.conftest import Server, server  # noqa: F401 - a fixture
from tests.turn.conftest import Desk

OUT_OF_SCOPE = "outside of everything"
ANSWER = "This is what the cloud says."


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits for another one for a moment only, and so does the outbox between two tries."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr(outbox, "PAUSES_S", (0.05, 0.1))


@pytest.fixture
def locked(desk: Desk, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another program, which locks the database once the cloud begins to answer."""
    other = sqlite3.connect(tmp_path / "turns.db", isolation_level=None)

    def answer(_: Request) -> str:
        if not desk.cloud.requests[1:]:
            other.execute("BEGIN IMMEDIATE")
        return ANSWER

    desk.use((), answer)
    yield other
    other.close()


async def saving(desk: Desk, subscription: object) -> None:
    """Send a message, and wait until its answer is whole and cannot be stored."""
    await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
    told = await desk.until(subscription, Notice, Finished, Failed)
    assert isinstance(told[-1], Notice)
    assert (told[-1].code, told[-1].turn_id) == ("saving", 1)


async def test_an_answer_that_cannot_be_stored_is_shown_whole_and_stored_later(
    desk: Desk, locked: sqlite3.Connection
) -> None:
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await saving(desk, subscription)
        live = desk.runner.live(desk.conversation)
        assert live
        assert live.answer == ANSWER
        assert desk.runner.outbox.waiting == ("the end of turn 1",)
        assert not desk.runner.stop(desk.conversation)
        locked.execute("ROLLBACK")
        end = (await desk.collect(subscription))[-1]
    assert isinstance(end, Finished)
    assert (end.status, end.text) == ("done", ANSWER)
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert (exchange.turn.status, exchange.answer_text) == ("done", ANSWER)
    assert desk.runner.outbox.waiting == ()
    await desk.runner.sweep()
    (call,) = desk.store.ledger.calls(1)
    assert (call.outcome, call.output_tokens) == ("ok", 6)


async def test_a_new_message_first_stores_the_end_before_it(desk: Desk, locked: sqlite3.Connection) -> None:
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await saving(desk, subscription)
        with pytest.raises(DatabaseError, match="locked"):
            await desk.runner.start(desk.user, desk.conversation, "outside again", "key")
        locked.execute("ROLLBACK")
        await desk.runner.start(desk.user, desk.conversation, "outside again", "key")
        first, second = (await desk.collect(subscription))[-1], (await desk.collect(subscription))[-1]
    assert isinstance(first, Finished)
    assert (first.turn_id, first.text) == (1, ANSWER)
    assert (second.turn_id, type(second)) == (2, Finished)
    assert [e.turn.status for e in desk.store.exchanges.of(desk.conversation)] == ["done", "done"]


async def test_a_new_message_waits_for_no_pause_of_the_outbox(
    desk: Desk, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PAUSES_S", (60.0,))
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await saving(desk, subscription)
        locked.execute("ROLLBACK")
        async with asyncio.timeout(10):
            await desk.runner.start(desk.user, desk.conversation, "outside again")
            ends = [(await desk.collect(subscription))[-1] for _ in range(2)]
    assert [type(end) for end in ends] == [Finished, Finished]


async def test_what_cannot_be_stored_at_the_end_is_logged_without_words_and_interrupted_at_the_next_start(
    desk: Desk, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chatapp.turn.runner.SAVE_WITHIN_S", 0.2)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await saving(desk, subscription)
        await desk.runner.aclose()
    lost = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert "the end of turn 1 is lost" in lost[0]
    assert ANSWER not in caplog.text
    locked.execute("ROLLBACK")
    desk.store.owners.interrupt_dead(sole=True)
    assert desk.store.turns.begin(desk.conversation, "Next").status == "running"


async def test_a_full_disk_loses_no_answer(desk: Desk) -> None:
    long = " ".join("".join(letters) for letters in islice(permutations("chatdesk"), 4000))

    def answer(_: Request) -> str:
        _set_pages(desk.store, most="(SELECT page_count FROM pragma_page_count)")
        return long

    desk.use((), answer, delay_s=0.0)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await saving(desk, subscription)
        _set_pages(desk.store, most="1000000")
        end = (await desk.collect(subscription))[-1]
    assert isinstance(end, Finished)
    assert desk.store.exchanges.of(desk.conversation)[0].answer_text == long


async def test_a_decision_that_cannot_be_stored_does_not_fail_the_answer(desk: Desk, tmp_path: Path) -> None:
    desk.use((), [ANSWER])
    other = sqlite3.connect(tmp_path / "turns.db", isolation_level=None, check_same_thread=False)
    decide, loop = desk.router.decide, asyncio.get_running_loop()

    def locking(*given: object, **more: object) -> object:
        other.execute("BEGIN IMMEDIATE")
        loop.call_soon_threadsafe(loop.call_later, 0.3, lambda: other.execute("ROLLBACK"))  # never before it is locked
        return decide(*given, **more)  # type: ignore[arg-type]

    desk.router.decide = locking  # type: ignore[assignment, method-assign]
    await desk.say("how long do i have")
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert exchange.turn.decision is not None
    other.close()


async def test_an_end_that_nobody_foresaw_keeps_no_conversation_busy(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.use((), ["One.", "Two."])

    def broken(*_: object, **__: object) -> None:
        raise ValueError("a value that no column takes")

    with monkeypatch.context() as patch:
        patch.setattr(desk.store.turns, "finish", broken)
        assert isinstance((await desk.say("outside of it"))[-1], Failed)
    assert isinstance((await asyncio.wait_for(desk.say("outside again"), 5))[-1], Finished)


async def test_the_sweep_goes_on_after_what_nobody_foresaw(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = asyncio.Event()

    async def sweep() -> None:
        if not seen.is_set():
            seen.set()
            raise RuntimeError("once")
        raise asyncio.CancelledError

    monkeypatch.setattr(upkeep, "BEAT_S", 0.0)
    runner: Any = SimpleNamespace(sweep=sweep)
    nothing: Any = None
    with pytest.raises(asyncio.CancelledError):
        await upkeep._sweep(nothing, nothing, runner)


async def test_a_turn_of_a_dead_process_is_told_to_who_watches_it(desk: Desk) -> None:
    with Store.open(desk.store.database.reader.url.render_as_string()) as dead:
        turn = dead.turns.begin(desk.conversation, "Hello")
        with dead.database.write() as session:
            session.exec(update(TurnRow).values(beat_at=utcnow() - timedelta(minutes=1)))
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.sweep()
        (told,) = subscription.pending()
    assert isinstance(told, Failed)
    assert (told.turn_id, told.code) == (turn.id, "interrupted")


async def test_signs_of_life_are_given_for_as_long_as_a_turn_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatapp.turn.heartbeat.BEAT_S", 0.02)
    beats: list[set[int]] = []
    monkeypatch.setattr(desk.store.owners, "beat", beats.append)
    desk.use((), ["one two three four five six"], delay_s=0.05)
    await desk.say(OUT_OF_SCOPE)
    assert beats
    assert all(beat == {1} for beat in beats)
    await asyncio.sleep(0.1)
    given = len(beats)
    await asyncio.sleep(0.1)
    assert len(beats) == given


@pytest_asyncio.fixture
async def pg_desk(server: Server, tmp_path: Path) -> AsyncIterator[Desk]:  # noqa: F811
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    desk = Desk(tmp_path, server.url())
    yield desk
    await desk.runner.aclose()
    desk.store.close()


@pytest.mark.real
async def test_an_answer_outlives_a_database_server_that_is_restarted(pg_desk: Desk, server: Server) -> None:  # noqa: F811
    stopped: list[bool] = []

    def answer(_: Request) -> str:
        server.stop()
        stopped.append(True)
        return ANSWER

    pg_desk.use((), answer)
    with pg_desk.runner.watch(pg_desk.conversation) as (subscription, _):
        await saving(pg_desk, subscription)
        await asyncio.to_thread(server.start)
        end = (await pg_desk.collect(subscription))[-1]
    assert stopped
    assert isinstance(end, Finished)
    (exchange,) = pg_desk.store.exchanges.of(pg_desk.conversation)
    assert (exchange.turn.status, exchange.answer_text) == ("done", ANSWER)


def _set_pages(store: Store, most: str) -> None:
    """How many pages the database may have: the writer has one connection, which keeps it."""
    with store.database.writer.connect() as connection:
        pages = connection.exec_driver_sql(f"SELECT {most}").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
