"""Calls, ratings, policies."""

import pytest

from chatapp.errors import DatabaseError, NotFoundError, UserError
from chatapp.store import Store
from tests.store.conftest import USER, call, exchange


def test_calls_come_back_as_they_were_booked(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    records = [
        call(turn, purpose="draft", outcome="degenerate", estimated=True),
        call(
            turn,
            route="cloud",
            cached_tokens=7,
            outcome="timeout",
            ttft_ms=None,
            error_code="provider_timeout",
        ),
        call(turn, purpose="summary", cost_microusd=5_000_000_000),
    ]
    for record in records:
        store.record_call(record)
    assert store.calls(turn.id) == records


def test_a_call_without_a_turn_is_refused(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    from dataclasses import replace

    with pytest.raises(DatabaseError, match="FOREIGN KEY"):
        store.record_call(replace(call(turn), turn_id=99))


def test_a_rating_can_be_changed_and_taken_back(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    for value in (1, 1, -1, 0, 0):
        store.rate(USER, turn.id, value)
        assert store.exchanges(talk)[0].feedback == value


def test_only_ones_own_turn_can_be_rated(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    store.ensure_user("eve")
    with pytest.raises(NotFoundError):
        store.rate("eve", turn.id, 1)
    with pytest.raises(UserError, match="5"):
        store.rate(USER, turn.id, 5)


def test_policies_are_kept_newest_first(store: Store) -> None:
    store.record_policy("v1", {"in_scope": 0.5}, "ann", "first")
    store.record_policy("v2", {"in_scope": 0.6}, "bob", "too many wrong")
    store.record_policy("v1", {"in_scope": 0.5}, "eve", "at another start")
    assert [(p.version, p.content["in_scope"], p.who) for p in store.policies()] == [
        ("v2", 0.6, "bob"),
        ("v1", 0.5, "ann"),
    ]


def test_a_policy_cannot_be_rewritten(store: Store) -> None:
    store.record_policy("v1", {"in_scope": 0.5}, "ann", "first")
    with pytest.raises(UserError, match="'v1'"):
        store.record_policy("v1", {"in_scope": 0.9}, "eve", "hush")


def test_an_estimate_is_written_over_no_end_that_is_known(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    row = store.record_call(call(turn, outcome="open"))
    store.end_call(row, call(turn, cost_microusd=7))
    store.end_call(row, call(turn, outcome="interrupted", cost_microusd=1))
    (booked,) = store.calls(turn.id)
    assert (booked.outcome, booked.cost_microusd) == ("ok", 7)


def test_a_lost_try_that_cannot_be_booked_is_logged(store: Store, talk: str, caplog: pytest.LogCaptureFixture) -> None:
    turn = exchange(store, talk)
    row = store.record_call(call(turn, outcome="open"))
    store.end_call(row, call(turn), [call(turn, cost_microusd=2**70)])
    assert "cannot be booked" in caplog.text
    assert [each.outcome for each in store.calls(turn.id)] == ["ok"]
