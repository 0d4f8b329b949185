"""The operator's figures against hand-made and brute-force sums."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from chatapp.errors import DatabaseError
from chatapp.store import Prices, Store
from chatapp.store.models import CallRow, TurnRow
from tests.store.conftest import DECISION, USER, answer, call, exchange

PRICES = Prices(input_usd=1.0, output_usd=10.0)
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def shared() -> Iterator[Store]:
    with TemporaryDirectory() as folder, Store.open(f"sqlite:///{folder}/a.db") as store:
        store.conversations.ensure_user(USER)
        yield store


def turn_row(talk: str, **more: Any) -> dict[str, Any]:
    given = {
        "conversation_id": talk,
        "status": "done",
        "superseded": False,
        "route": "local",
        "category": "faq",
    }
    rest = {
        "sources": [],
        "notices": [],
        "mode": "hybrid",
        "created_at": START,
        "ttft_ms": None,
        "total_ms": None,
    }
    return {**given, **rest, **more}


def fill(store: Store, turns: list[dict[str, Any]]) -> None:
    """Turns in place of all that is there."""
    with store.database.write() as session:
        for table in (CallRow, TurnRow):
            session.connection().execute(delete(table))
        if turns:
            session.connection().execute(insert(TurnRow), turns)


def test_no_turns(store: Store, talk: str) -> None:
    store.turns.begin(talk, "still running")
    found = store.figures.between(None, None, PRICES)
    assert (found.routes, found.categories) == ((), ())
    assert (found.total.turns, found.total.share, found.total.error_rate) == (0, 0.0, 0.0)
    assert (found.total.ttft, found.total.tokens_per_s, found.total.saved_microusd) == (None, None, 0)


def test_a_local_answer_saves_what_the_cloud_would_charge(store: Store, talk: str) -> None:
    store.ledger.begin(call(exchange(store, talk)))
    total = store.figures.between(None, None, PRICES).total
    assert total.cost_microusd == 5
    assert total.saved_microusd == 100 * 1 + 21 * 10 - 5
    assert total.tokens_per_s == pytest.approx(20 / 0.2)


def test_drafts_judges_and_summaries_cost_but_are_no_credit(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    for purpose in ("answer", "draft", "judge", "summary"):
        store.ledger.begin(call(turn, purpose=purpose))
    assert store.figures.between(None, None, PRICES).total.saved_microusd == 100 + 210 - 4 * 5


@pytest.mark.parametrize("status", ["failed", "interrupted", "abstained"])
def test_a_turn_without_an_answer_is_only_a_cost(store: Store, talk: str, status: str) -> None:
    store.ledger.begin(call(exchange(store, talk, status=status)))
    assert store.figures.between(None, None, PRICES).total.saved_microusd == -5


def test_a_turn_that_the_cloud_answered_saves_nothing(store: Store, talk: str) -> None:
    turn = exchange(store, talk, route="cloud")
    store.ledger.begin(call(turn, outcome="degenerate"))
    store.ledger.begin(call(turn, route="cloud", cost_microusd=300))
    total = store.figures.between(None, None, PRICES).total
    assert (total.cost_microusd, total.saved_microusd) == (305, 0)
    assert total.tokens_per_s == pytest.approx(100)


def test_a_cloud_that_wrote_nothing_answered_nothing(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    store.ledger.begin(call(turn, route="cloud", output_tokens=0, cost_microusd=0, ttft_ms=None, outcome="failed"))
    store.ledger.begin(call(turn))
    assert store.figures.between(None, None, PRICES).total.saved_microusd == 100 + 210 - 5


def test_groups(store: Store, talk: str) -> None:
    for category, route, status in (
        ("faq", "local", "done"),
        ("faq", "local", "failed"),
        ("shipping", "cloud", "done"),
        ("shipping", "local", "done"),
    ):
        turn = store.turns.begin(talk, "A question?")
        store.turns.routed(turn.id, {}, route, category, "v1", 1.0)
        answer(store, turn, route=route, status=status)
        store.ledger.begin(call(turn, route=route))
    store.turns.finish(store.turns.begin(talk, "never routed").id, "failed", "")
    found = store.figures.between(None, None, PRICES)
    routes = [(f.name, f.turns, f.share, f.error_rate, f.cost_microusd) for f in found.routes]
    assert routes == [("local", 3, 0.6, 1 / 3, 15), ("cloud", 1, 0.2, 0.0, 5), ("unrouted", 1, 0.2, 1.0, 0)]
    assert {f.name: f.turns for f in found.categories} == {"faq": 2, "shipping": 2, "unrouted": 1}
    assert sum(f.saved_microusd for f in found.routes) == found.total.saved_microusd


def test_the_time_is_half_open(store: Store, talk: str) -> None:
    fill(store, [turn_row(talk, created_at=START + hours * timedelta(hours=12)) for hours in range(4)])
    assert store.figures.between(START, START + DAY, PRICES).total.turns == 2
    assert store.figures.between(START + DAY, None, PRICES).total.turns == 2
    assert store.figures.between(None, START, PRICES).total.turns == 0


TIMES = st.lists(st.none() | st.floats(0, 1e6), max_size=30)


@settings(max_examples=25, deadline=None)
@given(TIMES)
def test_quantiles_are_exact(shared: Store, times: list[float | None]) -> None:
    talk = shared.conversations.create(USER).id
    fill(shared, [turn_row(talk, ttft_ms=time, total_ms=time) for time in times])
    total = shared.figures.between(None, None, PRICES).total
    measured = [time for time in times if time is not None]
    assert total.turns == len(times)
    assert total.ttft == total.total
    if not measured:
        assert total.ttft is None
    else:
        found = (total.ttft.p50_ms, total.ttft.p95_ms, total.ttft.p99_ms)
        assert found == tuple(np.percentile(measured, (50, 95, 99)))


def test_timeline_counts_what_figures_count(store: Store, talk: str) -> None:
    moments = [START + timedelta(minutes=m, milliseconds=500) for m in (0, 1, 29, 30, 59)]
    routes = ["local", "cloud", "local", None, "local"]
    rows = [
        turn_row(talk, created_at=moment, route=route, total_ms=100.0 * n if n else None)
        for n, (moment, route) in enumerate(zip(moments, routes, strict=True))
    ]
    fill(store, [*rows, turn_row(talk, created_at=START, status="running")])
    begin, end = START + timedelta(milliseconds=500), START + timedelta(hours=1)
    early, late = store.overview.timeline(begin, end, 2)
    assert (early.start, late.start) == (begin, begin + (end - begin) / 2)
    assert (early.turns, late.turns) == ({"local": 2, "cloud": 1}, {"unrouted": 1, "local": 1})
    assert (early.p95_total_ms, late.p95_total_ms) == (pytest.approx(195), pytest.approx(395))
    assert store.overview.timeline(end, end + DAY, 3)[1].turns == {}


def test_latest_turns(store: Store, talk: str) -> None:
    for n, (route, category) in enumerate([("local", "faq"), ("cloud", "faq"), ("cloud", "shipping")]):
        turn = store.turns.begin(talk, f"Question {n}" + "?" * 200)
        store.turns.routed(turn.id, replace(DECISION, in_scope=n / 10).as_json(), route, category, "v1", 1.0)
        answer(store, turn, route=route)
        store.ledger.begin(call(turn))
        store.ledger.begin(call(turn))
    store.turns.begin(talk, "still running")
    lines = store.overview.latest_turns(10)
    assert [line.turn.id for line in lines] == [3, 2, 1]
    assert (lines[0].cost_microusd, lines[0].turn.decision) == (10, replace(DECISION, in_scope=0.2))
    assert lines[0].excerpt == ("Question 2" + "?" * 200)[:160]
    assert [line.turn.id for line in store.overview.latest_turns(1)] == [3]
    assert [line.turn.id for line in store.overview.latest_turns(10, before_id=3)] == [2, 1]
    assert [line.turn.id for line in store.overview.latest_turns(10, route="cloud", category="faq")] == [2]
    assert store.overview.latest_turns(10, until=START) == []
    assert len(store.overview.latest_turns(10, since=START)) == 3


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(DatabaseError, match="has no time zone"):
        store.figures.between(datetime(2026, 1, 1), None, PRICES)
