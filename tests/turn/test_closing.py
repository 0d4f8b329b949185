"""The process ends: what runs may finish, what cannot is offered again, and nobody is said to have stopped it."""

import asyncio

import pytest

from chatapp.errors import ClosingError
from chatapp.turn.events import Delta, Failed, Queued
from tests.turn.conftest import Desk

OUT_OF_SCOPE = "outside of everything"


async def test_what_runs_may_come_to_its_end(desk: Desk) -> None:
    desk.use((), ["one two three"], delay_s=0.05)
    await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
    await desk.runner.aclose(5)
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert (exchange.turn.status, exchange.answer_text) == ("done", "one two three")


async def test_what_cannot_is_interrupted_with_its_words_and_offered_again(desk: Desk) -> None:
    desk.use((), ["one two three four five six seven"], delay_s=0.2)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
        await desk.until(subscription, Delta)
        await desk.runner.aclose(0.05)
        end = (await desk.collect(subscription))[-1]
    assert isinstance(end, Failed)
    assert end.code == "interrupted"
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert exchange.turn.status == "interrupted"
    assert exchange.answer_text.startswith("one")
    assert desk.store.ledger.calls(exchange.turn.id)[0].outcome == "stopped"


async def test_a_process_that_is_cancelled_stores_no_stop_either(desk: Desk) -> None:
    desk.use((), ["one two three"], delay_s=0.05)
    await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
    live = desk.runner.live(desk.conversation)
    assert live
    assert live.task
    live.task.cancel()
    await asyncio.wait([live.task])
    assert desk.store.exchanges.of(desk.conversation)[0].turn.status == "interrupted"


async def test_a_turn_that_no_decision_had_begun_to_answer_is_interrupted_without_a_word(desk: Desk) -> None:
    await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
    live = desk.runner.live(desk.conversation)
    assert live
    await desk.runner.aclose()
    end = live.events[-1]
    assert isinstance(end, Failed)
    assert (end.code, end.text) == ("interrupted", "")
    assert desk.store.exchanges.of(desk.conversation)[0].turn.status == "interrupted"


async def test_what_waits_is_interrupted_too(desk: Desk) -> None:
    desk.use((), ["one two three four five"], delay_s=0.3)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
        await desk.until(subscription, Delta)
        await desk.runner.start(desk.user, desk.conversation, "and another thing")
        await desk.until(subscription, Queued)
        await desk.runner.aclose()
        ends = [event for event in subscription.pending() if isinstance(event, Failed)]
    assert [end.code for end in ends] == ["interrupted", "interrupted"]
    assert [e.turn.status for e in desk.store.exchanges.of(desk.conversation)] == ["interrupted", "interrupted"]


async def test_nothing_new_is_taken(desk: Desk) -> None:
    desk.use((), ["one two three"], delay_s=0.05)
    await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
    closing = asyncio.create_task(desk.runner.aclose(5))
    await asyncio.sleep(0.01)
    with pytest.raises(ClosingError):
        await desk.runner.start(desk.user, desk.conversation, "one more")
    await closing
    with pytest.raises(ClosingError):
        await desk.runner.again(desk.user, 1)
    assert len(desk.store.exchanges.of(desk.conversation)) == 1
