"""One turn: committed before anything else, at most one at a time, ended once."""

import sqlite3
from pathlib import Path

import pytest

from chatapp.errors import BusyError, DatabaseError, NotFoundError
from chatapp.store import Store
from chatapp.store.models import TurnRow
from router.types import Mode
from tests.store.conftest import DECISION, USER, answer, exchange


def test_the_message_is_committed_with_the_turn(store: Store, talk: str, url: str) -> None:
    turn = store.turns.begin(talk, "Hello\nthere", requested_route="cloud", mode="local-only")
    assert (turn.status, turn.requested_route, turn.route) == ("running", "cloud", None)
    assert turn.mode is Mode.LOCAL_ONLY
    with Store.open(url) as other:
        (kept,) = other.exchanges.of(talk)
    assert (kept.user_text, kept.answer_text, kept.turn) == ("Hello\nthere", "", turn)


def test_a_second_turn_waits_for_the_first(store: Store, talk: str) -> None:
    turn = store.turns.begin(talk, "One")
    live = {turn.id}
    turns = store.turns
    for deed in (lambda: turns.begin(talk, "Two", live=live), lambda: turns.begin_again(turn.id, live=live)):
        with pytest.raises(BusyError):
            deed()
    assert [e.user_text for e in store.exchanges.of(talk)] == ["One"]
    answer(store, turn)
    assert store.turns.begin(talk, "Two").status == "running"


def test_the_database_too_allows_one_running_turn(store: Store, talk: str) -> None:
    store.turns.begin(talk, "One")
    with pytest.raises(DatabaseError, match="UNIQUE"), store.database.write() as session:
        session.add(TurnRow(conversation_id=talk, mode=Mode.HYBRID))


def test_a_resent_message_is_the_same_turn(store: Store, talk: str) -> None:
    turn = store.turns.begin(talk, "Hello", "key")
    again = store.turns.begin(talk, "Hello", "key")
    assert (again.id, again.resent, turn.resent) == (turn.id, True, False)
    answer(store, turn)
    newer = answer(store, store.turns.begin_again(turn.id))
    found = store.turns.begin(talk, "Hello", "key")
    assert (found.id, found.resent) == (newer.id, True)
    assert len(store.exchanges.of(talk)) == 1
    other = store.conversations.create(USER).id
    assert not store.turns.begin(other, "Hello", "key").resent


def test_routed(store: Store, talk: str) -> None:
    turn = store.turns.begin(talk, "Hello")
    store.turns.routed(turn.id, DECISION.as_json() | {"would_change": ["No."]}, "cloud", "shipping", "v7", 1.25)
    found = store.turns.get(USER, turn.id)
    assert (found.route, found.category, found.policy_version) == ("cloud", "shipping", "v7")
    assert (found.decision, found.would_change) == (DECISION, ("No.",))
    assert (found.routing_ms, found.user_text) == (1.25, "Hello")


def test_a_decision_that_nobody_wrote_is_none_and_logged(
    store: Store, talk: str, caplog: pytest.LogCaptureFixture
) -> None:
    turn = store.turns.begin(talk, "Hello")
    store.turns.routed(turn.id, {"in_scope": 0.5}, "cloud", "shipping", "v7", 1.25)
    assert store.turns.get(USER, turn.id).decision is None
    assert f"the decision on turn {turn.id} cannot be read" in caplog.text


def test_what_came_is_kept_as_it_comes(store: Store, talk: str) -> None:
    turn = store.turns.begin(talk, "Hello")
    for text in ("An", "An answer", "An answer."):
        store.turns.save_partial(turn.id, text)
        assert store.exchanges.of(talk)[0].answer_text == text
    answer(store, turn, "Another.")
    store.turns.save_partial(turn.id, "too late")
    assert store.exchanges.of(talk)[0].answer_text == "Another."


def test_finish_keeps_everything(store: Store, talk: str) -> None:
    turn = store.turns.begin(talk, "Hello")
    store.turns.routed(turn.id, {}, "local", "faq", "v1", 1.0)
    sources, notices = [{"id": "faq.a", "text": "A.", "probability": 0.9}], [{"code": "cut", "text": "Cut."}]
    given = {"error_code": "x", "ttft_ms": 1.5, "total_ms": 9.0, "sources": sources, "notices": notices}
    done = store.turns.finish(turn.id, "stopped", "Half", **given)
    assert {name: getattr(done, name) for name in given} == given
    assert (done.status, done.route, done.category) == ("stopped", "local", "faq")
    assert done == store.turns.get(USER, turn.id)


def test_the_first_end_stands(store: Store, talk: str) -> None:
    turn = answer(store, store.turns.begin(talk, "Hello"), "First.", "stopped")
    assert answer(store, turn, "Second.", "failed") == turn
    assert store.exchanges.of(talk)[0].answer_text == "First."


def test_turns_of_a_killed_process_become_interrupted(store: Store, talk: str, url: str) -> None:
    store.owners.serve_alone()
    turn = store.turns.begin(talk, "Hello")
    store.turns.save_partial(turn.id, "Half an ans")
    done = exchange(store, store.conversations.create(USER).id)
    with Store.open(url) as restarted:
        assert restarted.owners.interrupt_dead() == []  # another process may have the database open: it is given time
        restarted.owners.serve_alone()
        assert restarted.owners.interrupt_dead() == []
        (kept,) = restarted.exchanges.of(talk)
    assert (kept.turn.status, kept.answer_text) == ("interrupted", "Half an ans")
    assert store.turns.get(USER, done.id).status == "done"
    assert store.turns.begin(talk, "Next").status == "running"


def test_an_interrupted_turn_may_still_finish(store: Store, talk: str) -> None:
    turn = store.turns.begin(talk, "Hello")
    store.owners.interrupt([turn.id])
    assert answer(store, turn).status == "done"


@pytest.mark.parametrize("turn_id", [0, 77])
def test_no_such_turn(store: Store, turn_id: int) -> None:
    for deed in (
        lambda: store.turns.get(USER, turn_id),
        lambda: store.turns.begin_again(turn_id),
        lambda: store.turns.save_partial(turn_id, "x"),
        lambda: store.turns.finish(turn_id, "done", "x"),
        lambda: store.turns.routed(turn_id, {}, "local", None, None, 0.0),
        lambda: store.ratings.rate(USER, turn_id, 1),
    ):
        with pytest.raises(NotFoundError):
            deed()


def test_another_users_turn_is_not_found(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    with pytest.raises(NotFoundError):
        store.turns.get("eve", turn.id)


def test_a_broken_write_leaves_nothing(store: Store, talk: str, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "firstline.db")
    other.execute("CREATE TRIGGER no BEFORE INSERT ON message BEGIN SELECT RAISE(ABORT, 'no'); END")
    other.close()
    with pytest.raises(DatabaseError):
        store.turns.begin(talk, "Hello")
    assert store.exchanges.of(talk) == []
    assert store.conversations.get(USER, talk).title == ""
