"""People write in bursts: every message is taken, every one is answered, and each once."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatapp.backends.base import Request
from chatapp.errors import BusyError, DatabaseError, NotFoundError, ProviderUnreachableError
from chatapp.serving import Serving
from chatapp.store import Exchange
from chatapp.turn.burst import MOST_WAITING, read_together
from chatapp.turn.events import Delta, Event, Failed, Finished, Joined, Queued, Routed, Started
from chatapp.turn.runner import TurnRunner
from language.english import ENGLISH
from router.types import Route
from tests.turn.conftest import Desk

OUT_OF_SCOPE = "outside of everything"


class Slow:
    """A cloud that thinks for as long as nobody makes it hurry, and repeats what it was asked."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._asked = desk, asyncio.Event()
        desk.use((), self._reply, delay_s=30)

    def _reply(self, request: Request) -> str:
        self._asked.set()
        return f"Re: {request.messages[-1].content.splitlines()[-1]}"

    async def hurry(self) -> None:
        """From the next call on: the one that thinks has been asked, and says no word."""
        async with asyncio.timeout(10):
            await self._asked.wait()
        self._desk.cloud.delay_s = 0.005


def statuses(desk: Desk) -> list[str]:
    return [str(e.turn.status) for e in desk.store.exchanges.of(desk.conversation)]


def last(desk: Desk) -> Exchange:
    return desk.store.exchanges.of(desk.conversation)[-1]


async def ends(desk: Desk, subscription: object, count: int) -> list[Event]:
    """Every event until so many turns have ended."""
    told: list[Event] = []
    while sum(isinstance(event, Finished | Failed | Joined) for event in told) < count:
        told += await desk.until(subscription, Finished, Failed, Joined)
    return told


async def test_two_messages_before_the_first_word_are_read_by_one_turn(desk: Desk) -> None:
    cloud = Slow(desk)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        first = await desk.runner.start(desk.user, desk.conversation, "outside: where is my parcel")
        await desk.until(subscription, Routed)
        await cloud.hurry()
        second = await desk.runner.start(desk.user, desk.conversation, "it is number 7")
        told = await ends(desk, subscription, 2)
    assert [(e.turn_id, e.into) for e in told if isinstance(e, Joined)] == [(first, second)]
    assert [e.turn_id for e in told if isinstance(e, Queued)] == [second]
    assert told[-1].turn_id == second
    assert statuses(desk) == ["joined", "done"]
    assert desk.router.seen[-1][0] == "outside: where is my parcel\nit is number 7"
    assert desk.router.seen[-1][1] == ()
    (past,) = desk.store.exchanges.live_history(desk.conversation)
    assert past.user_text == "outside: where is my parcel\nit is number 7"


async def test_a_silent_turn_is_not_given_up_for_what_one_turn_cannot_read_with_it(desk: Desk) -> None:
    Slow(desk)
    await desk.runner.start(
        desk.user, desk.conversation, "outside how much is it? when does it come? can I send it back?"
    )
    await desk.runner.start(desk.user, desk.conversation, "where is my invoice?")
    live = desk.runner.live(desk.conversation)
    assert live
    assert live.halted is None
    assert statuses(desk) == ["running", "queued"]


async def test_a_burst_never_waits_for_a_release_that_is_being_loaded(desk: Desk) -> None:
    """`serving` may take seconds, in which nobody else would be answered if it were asked on the event loop."""
    asked_on: list[bool] = []

    def serving() -> Serving:
        asked_on.append(threading.current_thread() is threading.main_thread())
        return Serving("pack", desk.router)  # type: ignore[arg-type]

    cloud = Slow(desk)
    desk.runner = TurnRunner(desk.settings, desk.store, serving, {Route.LOCAL: desk.local, Route.CLOUD: desk.cloud})
    asked_on.clear()
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, "outside: where is my parcel")
        await desk.until(subscription, Routed)
        await cloud.hurry()
        await desk.runner.start(desk.user, desk.conversation, "it is number 7")
        await ends(desk, subscription, 2)
    assert asked_on == [False] * 3, "for each turn, and to tell danger in the message that waits"


async def test_a_message_after_the_first_word_is_answered_next(desk: Desk) -> None:
    desk.use((), ["one two three four five six", "Second."], delay_s=0.02)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
        await desk.until(subscription, Delta)
        await desk.runner.start(desk.user, desk.conversation, "outside and this")
        told = await ends(desk, subscription, 2)
    assert [type(e) for e in told if isinstance(e, Queued | Finished | Started)] == [
        Queued,
        Finished,
        Started,
        Finished,
    ]
    assert [e.answer_text for e in desk.store.exchanges.of(desk.conversation)] == [
        "one two three four five six",
        "Second.",
    ]


async def test_what_waits_is_read_by_one_turn_as_far_as_one_answers_it(desk: Desk) -> None:
    desk.use((), ["one two three four", "Second.", "Third."], delay_s=0.05)
    burst = ["outside how much is it?", "when does it come?", "can I send it back?", "where is my invoice?"]
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
        await desk.until(subscription, Delta)
        for text in burst:
            await desk.runner.start(desk.user, desk.conversation, text)
        desk.router.decide = _all_away(desk)  # type: ignore[method-assign]
        await ends(desk, subscription, 5)
    assert statuses(desk) == ["done", "joined", "joined", "done", "done"]
    assert last(desk).user_text == burst[-1]
    assert desk.store.exchanges.of(desk.conversation)[3].turn.asked_text == "\n".join(burst[:3])


def _all_away(desk: Desk) -> object:
    decide = desk.router.decide
    return lambda text, turns, circumstances, **more: decide(f"outside {text}", turns, circumstances, **more)


@pytest.mark.parametrize("end", ["stop", "failure"])
async def test_what_waits_is_answered_after_a_stop_and_after_a_failure(desk: Desk, end: str) -> None:
    failing = (["one "], ProviderUnreachableError("No connection.", "Check it."))
    desk.use((), [failing if end == "failure" else "one two three four five", "Second."], delay_s=0.1)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
        await desk.until(subscription, Delta)
        await desk.runner.start(desk.user, desk.conversation, "outside and this")
        if end == "stop":
            assert desk.runner.stop(desk.conversation)
        await ends(desk, subscription, 2)
    assert statuses(desk) == ["stopped" if end == "stop" else "interrupted", "done"]
    assert last(desk).answer_text == "Second."


async def test_no_more_wait_than_may_and_none_is_taken_twice(desk: Desk) -> None:
    Slow(desk)
    first = await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE, requested_route=None)
    live = desk.runner.live(desk.conversation)
    assert live
    live.say("A word.")
    for number in range(MOST_WAITING):
        await desk.runner.start(desk.user, desk.conversation, f"outside {number}", f"key {number}")
    again = await desk.runner.start(desk.user, desk.conversation, "outside 0", "key 0")
    assert again == first + 1
    with pytest.raises(BusyError):
        await desk.runner.start(desk.user, desk.conversation, "one too many")
    assert len(desk.store.exchanges.of(desk.conversation)) == 1 + MOST_WAITING


async def test_a_window_that_opens_sees_what_waits(desk: Desk) -> None:
    Slow(desk)
    await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
    live = desk.runner.live(desk.conversation)
    assert live
    live.say("A word.")
    waits = await desk.runner.start(desk.user, desk.conversation, "outside and this")
    with desk.runner.watch(desk.conversation) as (_, so_far):
        queued = so_far[-1]
    assert isinstance(queued, Queued)
    assert (queued.turn_id, queued.ahead) == (waits, 1)


async def test_a_second_try_is_not_given_up_for_a_message(desk: Desk) -> None:
    desk.use(["You have 60 days from delivery to send unused goods back."], ["The cloud.", "Second."], delay_s=0.05)
    first = (await desk.say("how long do i have"))[-1].turn_id
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.again(desk.user, first, cloud=True)
        await desk.runner.start(desk.user, desk.conversation, "outside and this")
        told = await ends(desk, subscription, 2)
    assert not any(isinstance(event, Joined) for event in told)
    assert [e.answer_text for e in desk.store.exchanges.of(desk.conversation)] == ["The cloud.", "Second."]


async def test_again_on_an_answer_to_two_messages_reads_both(desk: Desk) -> None:
    cloud = Slow(desk)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        first = await desk.runner.start(desk.user, desk.conversation, "outside one")
        await desk.until(subscription, Routed)
        await cloud.hurry()
        await desk.runner.start(desk.user, desk.conversation, "and two")
        await ends(desk, subscription, 2)
    await desk.again(first)
    assert desk.router.seen[-1][0] == "outside one\nand two"
    assert statuses(desk) == ["joined", "done"]


async def test_nothing_waits_in_a_deleted_conversation(desk: Desk) -> None:
    Slow(desk)
    await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
    live = desk.runner.live(desk.conversation)
    assert live
    live.say("A word.")
    await desk.runner.start(desk.user, desk.conversation, "outside and this")
    desk.runner.drop(desk.conversation)
    desk.store.conversations.delete(desk.user, desk.conversation)
    await desk.runner.aclose()
    with pytest.raises(NotFoundError):
        desk.store.exchanges.of(desk.conversation)
    assert {str(line.turn.status) for line in desk.store.overview.latest_turns(9)} == {"stopped", "interrupted"}


async def test_what_waits_for_another_process_is_begun_by_the_sweep(desk: Desk) -> None:
    desk.use((), ["Second."])
    from chatapp.store import Store

    with Store.open(desk.store.database.reader.url.render_as_string()) as other:
        theirs = other.turns.begin(desk.conversation, "Theirs")
        with desk.runner.watch(desk.conversation) as (subscription, _):
            await desk.runner.start(desk.user, desk.conversation, "outside and ours")
            await desk.runner.sweep()
            assert statuses(desk) == ["running", "queued"]
            other.turns.finish(theirs.id, "done", "Theirs.", route="local")
            await desk.runner.sweep()
            await ends(desk, subscription, 1)
    assert statuses(desk) == ["done", "done"]


async def test_what_another_process_ended_is_told_and_kept_no_longer(desk: Desk) -> None:
    desk.use((), ["one two three four"], delay_s=0.03)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
        await desk.until(subscription, Delta)
        second = await desk.runner.start(desk.user, desk.conversation, "outside and this")
        desk.store.owners.interrupt([second])
        told = await asyncio.wait_for(ends(desk, subscription, 2), 5)
    assert [(e.turn_id, e.code) for e in told if isinstance(e, Failed)] == [(second, "interrupted")]
    assert desk.runner._open() == set()


async def test_no_signs_of_life_are_given_for_what_was_given_up_and_deleted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise DatabaseError("Locked.", "Wait.")

    Slow(desk)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, "outside one")
        await desk.until(subscription, Routed)
        monkeypatch.setattr(desk.store.turns, "begin_next", refuse)
        await desk.runner.start(desk.user, desk.conversation, "and two")
        await asyncio.wait(desk.runner._tasks, timeout=5)
    assert f"what waits in conversation {desk.conversation} cannot begin now: Locked. Wait." in caplog.messages
    assert len(desk.runner._open()) == 2
    desk.runner.drop(desk.conversation)
    assert desk.runner._open() == set()


async def test_the_figures_count_one_turn_and_the_whole_cost(desk: Desk) -> None:
    from chatapp.store import Prices

    cloud = Slow(desk)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        first = await desk.runner.start(desk.user, desk.conversation, "outside one")
        await desk.until(subscription, Routed)
        await cloud.hurry()
        second = await desk.runner.start(desk.user, desk.conversation, "and two")
        await ends(desk, subscription, 2)
    total = desk.store.figures.between(None, None, Prices(1, 1)).total
    spent = [call.cost_microusd for turn in (first, second) for call in desk.store.ledger.calls(turn)]
    assert (total.turns, total.error_rate, total.cost_microusd) == (1, 0.0, sum(spent))
    assert [call.outcome for call in desk.store.ledger.calls(first)] in ([], ["stopped"])


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=6))
def test_one_turn_reads_at_least_one_message_and_never_more_than_fits(texts: list[str]) -> None:
    count = read_together(texts, 100, ENGLISH)
    assert 1 <= count <= len(texts)
    assert count == 1 or len("\n".join(texts[:count])) <= 100


STEPS = st.lists(st.sampled_from(["say", "say", "say", "stop", "again", "word", "wait", "resend"]), max_size=9)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as made:
        yield Path(made)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, failing=st.sets(st.integers(0, 8)))
def test_whatever_is_done_every_message_is_answered_once_and_the_ledger_is_whole(
    folder: Path, steps: list[str], failing: set[int]
) -> None:
    asyncio.run(_walk(folder, steps, failing))


async def _walk(folder: Path, steps: list[str], failing: set[int]) -> None:
    desk, asked = Desk(folder), 0

    def reply(request: Request) -> object:
        nonlocal asked
        asked += 1
        return ProviderUnreachableError("No.", "Try.") if asked in failing else f"Answer {asked} to it."

    desk.use((), reply)
    desk.cloud.delay_s = 0.003
    sent: list[str] = []
    try:
        for number, step in enumerate(steps):
            await _step(desk, step, sent, number)
        for _ in range(400):
            if not desk.runner._tasks and not desk.runner._line.conversations:
                break
            await asyncio.sleep(0.01)
        _check(desk, sent)
    finally:
        await desk.runner.aclose()
        desk.store.close()


async def _step(desk: Desk, step: str, sent: list[str], number: int) -> None:
    try:
        match step:
            case "say":
                await desk.runner.start(desk.user, desk.conversation, f"outside {number}", f"key {number}")
                sent.append(f"outside {number}")
            case "resend" if sent:
                await desk.runner.start(desk.user, desk.conversation, sent[-1], f"key {sent[-1].split()[1]}")
            case "stop":
                desk.runner.stop(desk.conversation)
            case "again" if sent:
                await desk.runner.again(desk.user, desk.store.exchanges.of(desk.conversation)[-1].turn.id)
            case "word":
                await asyncio.sleep(0.008)
            case "wait":
                await asyncio.sleep(0.05)
    except BusyError:
        pass


def _check(desk: Desk, sent: list[str]) -> None:
    exchanges = desk.store.exchanges.of(desk.conversation)
    assert [e.user_text for e in exchanges] == sent
    open_ones = [e for e in exchanges if e.turn.status in ("queued", "running")]
    assert open_ones == []
    by_origin = {e.turn.again_of or e.turn.id: e for e in exchanges}
    read = [text for e in exchanges if e.turn.status != "joined" for text in e.turn.asked_text.split("\n")]
    assert sorted(read) == sorted(sent)
    for e in exchanges:
        if e.turn.status == "joined":
            assert e.answer_text == ""
            assert e.turn.joined_into in by_origin
            assert by_origin[e.turn.joined_into].turn.status != "joined"
        if e.turn.status == "done":
            assert e.answer_text
    asked = [past.user_text for past in desk.store.exchanges.live_history(desk.conversation)]
    history = [text for one in asked for text in one.split("\n")]
    assert len(history) == len(set(history))
    lines = desk.store.overview.latest_turns(99)
    assert all(call.outcome != "open" for line in lines for call in desk.store.ledger.calls(line.turn.id))
    assert sum(len(desk.store.ledger.calls(line.turn.id)) for line in lines) >= len(desk.cloud.requests)
