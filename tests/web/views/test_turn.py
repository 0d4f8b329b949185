"""A turn as the thread shows it, in each of its states."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chatapp.store import Bucket, Exchange, Turn
from chatapp.store.models import TurnStatus
from chatapp.turn.events import Reader
from chatapp.web.views.mode import mode_view
from chatapp.web.views.sparkline import sparklines
from chatapp.web.views.turn import Thread, TurnView, finished_view
from language import language_of
from router.types import Mode, Route

THREAD = Thread(
    Reader.CUSTOMER, {"returns": "Returns"}, "call 0800 555 0142.", cloud_connected=True, language=language_of("en")
)
STAFF = replace(THREAD, reader=Reader.OPERATOR)


def exchange(status: str = "done", answer: str = "60 days.", route: Route | None = Route.LOCAL) -> Exchange:
    """A stored turn that ended so."""
    told: dict[str, Any] = dict.fromkeys(field.name for field in fields(Turn))
    told |= {"id": 7, "conversation_id": "c", "status": TurnStatus(status), "route": route, "category": "returns"}
    told |= {"ttft_ms": 40.0, "total_ms": 900.0, "user_text": "how long?", "notices": [], "sources": []}
    return Exchange(Turn(**told), answer, cost_microusd=12, feedback=0)


def shown(one: Exchange, thread: Thread = THREAD) -> TurnView:
    return finished_view(one, (), thread)


def test_a_customer_reads_who_answered_and_the_operator_how() -> None:
    customer, staff = shown(exchange()), shown(exchange(), STAFF)
    assert customer.who == "Answered by our own assistant, an AI"
    assert customer.machinery is None
    assert staff.machinery
    assert staff.machinery.route_words == "answered here"
    assert staff.machinery.figures == ("Returns", "first word 0.04 s", "0.90 s", "$0.000012")


@pytest.mark.parametrize(
    ("status", "answer", "route", "who"),
    [
        ("done", "x", Route.CLOUD, "Answered with an outside AI service"),
        ("stopped", "x", Route.LOCAL, "Answered by our own assistant, an AI, and stopped before its end"),
        ("stopped", "", Route.LOCAL, ""),
        ("abstained", "Call us.", Route.ABSTAIN, ""),
        ("failed", "", Route.CLOUD, ""),
    ],
)
def test_who_answered_is_said_of_an_answer_alone(status: str, answer: str, route: Route, who: str) -> None:
    assert shown(exchange(status, answer, route)).who == who


@pytest.mark.parametrize("status", ["failed", "interrupted"])
def test_what_went_wrong_comes_last_with_a_retry_and_a_person(status: str) -> None:
    view = shown(exchange(status, "", None))
    assert view.notices[-1].retry
    assert view.notices[-1].trouble
    assert 'href="tel:08005550142"' in view.person
    assert not view.rateable


def test_an_interrupted_turn_without_a_notice_says_that_the_message_is_kept() -> None:
    (notice,) = shown(exchange("interrupted", "", None)).notices
    assert notice.text == "This answer was interrupted. Your message is kept."


def test_a_turn_that_is_done_offers_no_person_and_can_be_rated() -> None:
    view = shown(exchange())
    assert view.person == ""
    assert view.notices == ()
    assert view.rateable
    assert view.can_ask_cloud
    assert not view.busy


@pytest.mark.parametrize(("route", "connected", "offered"), [(Route.LOCAL, False, False), (Route.CLOUD, True, False)])
def test_the_cloud_is_offered_where_it_is_connected_and_has_not_answered(
    route: Route, connected: bool, offered: bool
) -> None:
    assert shown(exchange(route=route), replace(THREAD, cloud_connected=connected)).can_ask_cloud is offered


@pytest.mark.parametrize(
    ("status", "busy", "words"),
    [
        ("queued", True, "Your message waits for the answer before it."),
        ("running", True, "Reading your message…"),
        ("joined", False, "Answered together with your next message."),
    ],
)
def test_a_turn_without_words_says_what_it_waits_for(status: str, busy: bool, words: str) -> None:
    view = shown(exchange(status, "", None))
    assert (view.busy, view.waiting_words) == (busy, words)


@pytest.mark.parametrize("reader", list(Reader))
def test_local_only_says_that_nothing_leaves(reader: Reader) -> None:
    view = mode_view(Mode.LOCAL_ONLY, cloud_connected=False, reader=reader)
    assert (view.icon, view.short) == ("lock", "Local only")
    assert "Nothing that you write leaves" in view.explanation


def test_a_customer_is_told_of_an_outside_service_where_there_is_one_and_not_what_the_mode_is_called() -> None:
    connected = mode_view(Mode.HYBRID, cloud_connected=True, reader=Reader.CUSTOMER)
    alone = mode_view(Mode.HYBRID, cloud_connected=False, reader=Reader.CUSTOMER)
    assert connected.words == alone.words == "AI assistant"
    assert "outside AI service" in connected.explanation
    assert "outside" not in alone.explanation
    assert mode_view(Mode.HYBRID, False, Reader.OPERATOR).words == "Hybrid, cloud not connected"


def test_a_curve_runs_from_edge_to_edge_and_says_its_top_in_words() -> None:
    at = datetime.now(UTC)
    buckets = [Bucket(at, {"local": 3, "cloud": 1}, 2_000.0), Bucket(at, {}, None), Bucket(at, {"local": 2}, 500.0)]
    turns, local, times = sparklines(buckets)
    assert turns.points == "0.0,1.0 50.0,23.0 100.0,12.0"
    assert (turns.words, local.words, times.words) == ("at most 4 at a time", "at most 3 at a time", "at most 2.0 s")


def test_a_period_without_turns_is_a_flat_curve_and_no_buckets_are_no_curve() -> None:
    assert sparklines([]) == ()
    assert sparklines([Bucket(datetime.now(UTC), {}, None)] * 2)[0].points == "0.0,23.0 100.0,23.0"
