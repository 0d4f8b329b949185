"""A running turn shows what it is told, and says how long that took."""

import asyncio

import pytest

from chatapp.store import Turn
from chatapp.store.notices import Note, NoticeCode
from chatapp.turn.events import Delta, Escalated, Event, Notice, Routed, Started
from chatapp.turn.hub import Hub
from chatapp.turn.live import Halt, LiveTurn
from chatapp.turn.question import Question
from router.types import Circumstances, Route
from tests.turn.conftest import Desk


@pytest.fixture
def turn(desk: Desk) -> Turn:
    return desk.store.turns.begin(desk.conversation, "outside of it")


def test_every_event_is_published_and_kept_for_windows_that_open_later(desk: Desk, turn: Turn) -> None:
    hub, ids = Hub(), (turn.id, turn.conversation_id)
    decision = desk.router.decide("how long", [], Circumstances())
    with hub.subscribe(turn.conversation_id) as subscription:
        live = LiveTurn(turn, "all that is asked", hub, replaces=7)
        assert live.route is None
        live.routed(decision)
        assert live.route is Route.LOCAL
        live.say("One ")
        live.say("Two", replace=True)
        live.notice(Note(NoticeCode.CLOUD_FAILED, "It failed.", "By a timeout."))
        live.escalated("Not sure.")
        assert live.route is Route.CLOUD
        told = subscription.pending()
    expected: list[Event] = [
        Started(*ids, "outside of it", 7),
        Routed(*ids, decision),
        Delta(*ids, "One "),
        Delta(*ids, "Two", replace=True),
        Notice(*ids, "cloud_failed", "It failed.", "By a timeout."),
        Escalated(*ids, "Not sure."),
    ]
    assert told == live.events == expected
    assert live.answer == "Two"


def test_the_question_is_all_that_is_asked_and_says_whether_it_was_before(turn: Turn) -> None:
    ids = (turn.id, turn.conversation_id)
    assert LiveTurn(turn, "one\ntwo", Hub()).question == Question(*ids, "one\ntwo", again=False)
    assert LiveTurn(turn, "one", Hub(), replaces=7).question == Question(*ids, "one", again=True)


def test_the_first_word_is_timed_once(turn: Turn) -> None:
    live = LiveTurn(turn, "one", Hub())
    live.say("", replace=True)
    assert live.ttft_ms is None
    live.say("a")
    first = live.ttft_ms
    assert first is not None
    live.say("b")
    assert live.ttft_ms == first <= live.elapsed_ms


async def test_a_turn_is_halted_once_and_not_while_it_ends(turn: Turn) -> None:
    live = LiveTurn(turn, "one", Hub())
    assert not live.halt(Halt.STOPPED), "nothing runs yet"
    live.task = asyncio.create_task(asyncio.sleep(9))
    live.ending = True
    assert not live.halt(Halt.STOPPED)
    live.ending = False
    assert live.halt(Halt.JOINED)
    assert not live.halt(Halt.STOPPED)
    assert live.halted is Halt.JOINED
    with pytest.raises(asyncio.CancelledError):
        await live.task


def test_only_a_first_try_without_a_word_is_silent(turn: Turn) -> None:
    assert LiveTurn(turn, "one", Hub()).silent
    assert not LiveTurn(turn, "one", Hub(), replaces=7).silent
    spoken, ending, halted = (LiveTurn(turn, "one", Hub()) for _ in range(3))
    spoken.say("a")
    ending.ending, halted.halted = True, Halt.STOPPED
    assert not any(live.silent for live in (spoken, ending, halted))


def test_what_was_asked_of_the_cloud_is_never_silent(desk: Desk) -> None:
    asked = desk.store.turns.begin(desk.conversation, "one", None, Route.CLOUD)
    assert not LiveTurn(asked, "one", Hub()).silent
