"""Conversations: whose they are, finding, renaming, and deleting without a word left."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatapp.errors import NotFoundError
from chatapp.store import Store, tries
from chatapp.store.conversations import one_line
from router.types import Neighbour, Reason, ReasonCode, ScoredFact
from tests.store.conftest import DECISION, USER, answer, call, exchange

SECRET = "zanzibar"


def test_newest_first(store: Store) -> None:
    first, second = store.conversations.create(USER), store.conversations.create(USER)
    assert [c.id for c in store.conversations.of(USER)] == [second.id, first.id]
    store.turns.begin(first.id, "Hello")
    assert [c.id for c in store.conversations.of(USER)] == [first.id, second.id]


def test_times_are_aware_and_utc(store: Store, talk: str) -> None:
    found = store.conversations.get(USER, talk)
    assert found.created_at.utcoffset() == found.updated_at.utcoffset() == timedelta(0)


def test_another_users_is_not_found(store: Store, talk: str) -> None:
    store.conversations.ensure_user("eve")
    assert store.conversations.of("eve") == []
    conversations = store.conversations
    for deed in (conversations.get, conversations.delete, lambda u, c: conversations.rename(u, c, "mine")):
        with pytest.raises(NotFoundError):
            deed("eve", talk)
        with pytest.raises(NotFoundError):
            deed(USER, "no such id")


def test_a_user_is_made_once(store: Store) -> None:
    store.conversations.ensure_user(USER)
    store.conversations.ensure_user(USER)
    assert store.conversations.create(USER).user_id == USER


def test_the_first_message_makes_the_title(store: Store, talk: str) -> None:
    exchange(store, talk, "  Where is\nmy " + "very " * 20 + "late parcel?")
    title = store.conversations.get(USER, talk).title
    assert title.startswith("Where is my very")
    assert len(title) <= 60
    exchange(store, talk, "Something else")
    assert store.conversations.get(USER, talk).title == title


def test_a_given_title_stays(store: Store, talk: str) -> None:
    store.conversations.rename(USER, talk, "My\nparcel")
    exchange(store, talk, "Hello")
    assert store.conversations.get(USER, talk).title == "My parcel"


@pytest.mark.parametrize(
    ("needle", "found"),
    [
        ("PARCEL", True),
        ("straße", True),
        ("STRASSE", False),
        ("ÄPFEL", True),
        ("100%", True),
        ("1_0", False),
        ("0%s", False),
        ("a\\b", True),
        ("answered words", True),
        ("elsewhere", False),
        ("nul\0\ud800", False),
    ],
)
def test_find(store: Store, talk: str, needle: str, found: bool) -> None:
    exchange(store, talk, "My parcel in Straße 5: Äpfel, 100% a\\b", text="Answered words.")
    store.turns.begin(store.conversations.create(USER).id, "Other matters")
    assert [c.id for c in store.conversations.of(USER, find=needle)] == ([talk] if found else [])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("lone \ud83d half", "lone \ufffd half"),
        ("nul \0 byte", "nul \ufffd byte"),
        ("pair \ud83d\ude00", "pair 😀"),
        ("end \ud83d", "end \ufffd"),
    ],
)
def test_any_text_can_be_stored(store: Store, talk: str, text: str, kept: str) -> None:
    exchange(store, talk, text, text=text)
    (found,) = store.exchanges.of(talk)
    assert (found.user_text, found.answer_text, store.conversations.get(USER, talk).title) == (kept, kept, kept)


def test_deleting_leaves_no_word(store: Store, talk: str, tmp_path: Path) -> None:
    turn = store.turns.begin(talk, f"{SECRET} 1")
    fact = ScoredFact("faq.a", SECRET, 0.9)
    given = {"facts": (fact,), "reasons": (Reason(ReasonCode.IN_SCOPE, SECRET),), "candidates": (fact,)}
    decision = replace(DECISION, neighbours=(Neighbour(SECRET, "faq", 0.8),), **given)
    store.turns.routed(
        turn.id, decision.as_json() | {"would_change": ["A lower threshold."]}, "local", "faq", "v1", 1.0
    )
    answer(store, turn, f"{SECRET} 2", sources=[{"id": "faq.a", "text": SECRET, "probability": 0.9}],
           notices=[{"code": "cut", "text": SECRET}])  # fmt: skip
    store.ledger.begin(call(turn))
    store.ratings.rate(USER, turn.id, 1)
    store.conversations.save_summary(talk, f"{SECRET} 3", turn.id)
    store.conversations.delete(USER, talk)
    assert store.conversations.forget_deleted(after_s=0) == 1
    assert store.conversations.forget_deleted(after_s=0) == 0
    store.close()
    (line,) = store.overview.latest_turns(5)
    assert line.cost_microusd == 5
    fact = ScoredFact("faq.a", "", 0.9)
    given = {"facts": (fact,), "reasons": (Reason(ReasonCode.IN_SCOPE, ""),), "candidates": (fact,)}
    assert line.turn.decision == replace(decision, neighbours=(Neighbour("", "faq", 0.8),), **given)
    assert line.turn.would_change == ("A lower threshold.",)
    assert line.turn.sources == [{"id": "faq.a", "probability": 0.9}]
    assert line.turn.notices == [{"code": "cut"}]
    assert line.excerpt == ""
    assert SECRET not in "\n".join(sqlite3_dump(tmp_path / "firstline.db"))


def test_deleted_words_are_gone_from_the_files_of_a_running_product_too(
    store: Store, talk: str, tmp_path: Path
) -> None:
    exchange(store, talk, f"{SECRET} " * 2000)
    store.conversations.delete(USER, talk)
    assert any(SECRET.encode() in path.read_bytes() for path in tmp_path.iterdir())
    store.conversations.forget_deleted(after_s=0)
    assert store.database.empty_log()
    assert all(SECRET.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_log_in_use_is_emptied_later(store: Store, talk: str) -> None:
    exchange(store, talk)
    with store.database.read() as session:
        session.connection().exec_driver_sql("SELECT * FROM message").all()
        exchange(store, talk)
        assert not store.database.empty_log()
    assert store.database.empty_log()


def test_deleting_can_be_undone_for_a_while(store: Store, talk: str) -> None:
    turn = store.turns.begin(talk, "Where is it?")
    store.conversations.delete(USER, talk)
    answer(store, turn, "On its way.", status="stopped")
    assert store.conversations.forget_deleted() == 0
    store.conversations.undelete(USER, talk)
    (found,) = store.exchanges.of(talk)
    assert (found.user_text, found.answer_text) == ("Where is it?", "On its way.")
    store.conversations.undelete(USER, talk)
    assert store.conversations.forget_deleted(after_s=0) == 0


def test_once_its_time_is_up_a_deleted_one_stays_deleted(
    store: Store, talk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "UNDO_S", 0)
    exchange(store, talk)
    store.conversations.delete(USER, talk)
    with pytest.raises(NotFoundError):
        store.conversations.undelete(USER, talk)


def test_only_its_owner_brings_a_deleted_one_back(store: Store, talk: str) -> None:
    store.conversations.ensure_user("eve")
    store.conversations.delete(USER, talk)
    with pytest.raises(NotFoundError):
        store.conversations.undelete("eve", talk)
    with pytest.raises(NotFoundError):
        store.conversations.get(USER, talk)


def test_a_deleted_one_is_not_found(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    store.conversations.delete(USER, talk)
    assert store.conversations.of(USER) == []
    for deed in (
        lambda: store.conversations.get(USER, talk),
        lambda: store.conversations.delete(USER, talk),
        lambda: store.exchanges.of(talk),
        lambda: store.exchanges.live_history(talk),
        lambda: store.conversations.summary(talk),
        lambda: store.turns.begin(talk, "Hello"),
        lambda: store.turns.begin_again(turn.id),
        lambda: store.conversations.save_summary(talk, "Words", turn.id),
        lambda: store.ratings.rate(USER, turn.id, 1),
        lambda: store.turns.get(USER, turn.id),
    ):
        with pytest.raises(NotFoundError):
            deed()


def test_a_turn_that_runs_on_after_the_delete_keeps_no_words(
    store: Store, talk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "UNDO_S", 0)
    turn = store.turns.begin(talk, SECRET)
    store.conversations.delete(USER, talk)
    store.conversations.forget_deleted(after_s=0)
    store.turns.routed(turn.id, {"text": SECRET}, "local", "faq", "v1", 1.0)
    store.turns.save_partial(turn.id, SECRET)
    done = answer(store, turn, SECRET, sources=[{"id": "a", "text": SECRET}], notices=[{"text": SECRET}])
    store.ledger.begin(call(turn))
    assert done.status == "done"
    assert store.overview.latest_turns(1)[0].cost_microusd == 5
    assert SECRET not in "\n".join(sqlite3_dump(tmp_path / "firstline.db"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.integers(1, 80))
def test_one_line_is_one_short_line(text: str, longest: int) -> None:
    line = one_line(text, longest)
    assert len(line) <= longest
    assert line == line.strip()
    assert len(line.splitlines()) <= 1


def sqlite3_dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()
