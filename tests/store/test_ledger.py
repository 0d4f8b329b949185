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
        store.ledger.begin(record)
    assert store.ledger.calls(turn.id) == records


@pytest.mark.parametrize("word", ["purpose", "route", "outcome"])
def test_a_word_that_is_none_of_its_kind_is_refused(store: Store, talk: str, word: str) -> None:
    record = call(exchange(store, talk), **{word: "nothing"})
    with pytest.raises(ValueError, match="'nothing' is not a valid"):
        store.ledger.begin(record)


def test_a_call_without_a_turn_is_refused(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    from dataclasses import replace

    with pytest.raises(DatabaseError, match="FOREIGN KEY"):
        store.ledger.begin(replace(call(turn), turn_id=99))


def test_a_rating_can_be_changed_and_taken_back(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    for value in (1, 1, -1, 0, 0):
        store.ratings.rate(USER, turn.id, value)
        assert store.exchanges.of(talk)[0].feedback == value


def test_only_ones_own_turn_can_be_rated(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    store.conversations.ensure_user("eve")
    with pytest.raises(NotFoundError):
        store.ratings.rate("eve", turn.id, 1)
    with pytest.raises(UserError, match="5"):
        store.ratings.rate(USER, turn.id, 5)


def test_policies_are_kept_newest_first(store: Store) -> None:
    store.policies.record("v1", {"in_scope": 0.5}, "ann", "first")
    store.policies.record("v2", {"in_scope": 0.6}, "bob", "too many wrong")
    store.policies.record("v1", {"in_scope": 0.5}, "eve", "at another start")
    assert [(p.version, p.content["in_scope"], p.who) for p in store.policies.all()] == [
        ("v2", 0.6, "bob"),
        ("v1", 0.5, "ann"),
    ]


def test_a_policy_cannot_be_rewritten(store: Store) -> None:
    store.policies.record("v1", {"in_scope": 0.5}, "ann", "first")
    with pytest.raises(UserError, match="'v1'"):
        store.policies.record("v1", {"in_scope": 0.9}, "eve", "hush")


def test_an_estimate_is_written_over_no_end_that_is_known(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    row = store.ledger.begin(call(turn, outcome="open"))
    store.ledger.end(row, call(turn, cost_microusd=7))
    store.ledger.end(row, call(turn, outcome="interrupted", cost_microusd=1))
    (booked,) = store.ledger.calls(turn.id)
    assert (booked.outcome, booked.cost_microusd) == ("ok", 7)


def test_a_lost_try_that_cannot_be_booked_is_logged(store: Store, talk: str, caplog: pytest.LogCaptureFixture) -> None:
    turn = exchange(store, talk)
    row = store.ledger.begin(call(turn, outcome="open"))
    store.ledger.end(row, call(turn), [call(turn, cost_microusd=2**70)])
    assert "the end of call None cannot be booked" in caplog.text
    assert [each.outcome for each in store.ledger.calls(turn.id)] == ["ok"]
