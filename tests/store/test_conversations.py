"""Conversations: whose they are, finding, renaming, and deleting without a word left."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatapp.errors import NotFoundError
from chatapp.store import Store, tries
from chatapp.store.conversations import one_line
from tests.store.conftest import USER, answer, call, exchange

SECRET = "zanzibar"


def test_newest_first(store: Store) -> None:
    first, second = store.create_conversation(USER), store.create_conversation(USER)
    assert [c.id for c in store.conversations(USER)] == [second.id, first.id]
    store.begin_turn(first.id, "Hello")
    assert [c.id for c in store.conversations(USER)] == [first.id, second.id]


def test_times_are_aware_and_utc(store: Store, talk: str) -> None:
    found = store.conversation(USER, talk)
    assert found.created_at.utcoffset() == found.updated_at.utcoffset() == timedelta(0)


def test_another_users_is_not_found(store: Store, talk: str) -> None:
    store.ensure_user("eve")
    assert store.conversations("eve") == []
    for deed in (store.conversation, store.delete, lambda u, c: store.rename(u, c, "mine")):
        with pytest.raises(NotFoundError):
            deed("eve", talk)
        with pytest.raises(NotFoundError):
            deed(USER, "no such id")


def test_a_user_is_made_once(store: Store) -> None:
    store.ensure_user(USER)
    store.ensure_user(USER)
    assert store.create_conversation(USER).user_id == USER


def test_the_first_message_makes_the_title(store: Store, talk: str) -> None:
    exchange(store, talk, "  Where is\nmy " + "very " * 20 + "late parcel?")
    title = store.conversation(USER, talk).title
    assert title.startswith("Where is my very")
    assert len(title) <= 60
    exchange(store, talk, "Something else")
    assert store.conversation(USER, talk).title == title


def test_a_given_title_stays(store: Store, talk: str) -> None:
    store.rename(USER, talk, "My\nparcel")
    exchange(store, talk, "Hello")
    assert store.conversation(USER, talk).title == "My parcel"


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
    store.begin_turn(store.create_conversation(USER).id, "Other matters")
    assert [c.id for c in store.conversations(USER, find=needle)] == ([talk] if found else [])


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
    (found,) = store.exchanges(talk)
    assert (found.user_text, found.answer_text, store.conversation(USER, talk).title) == (kept, kept, kept)


def test_deleting_leaves_no_word(store: Store, talk: str, tmp_path: Path) -> None:
    turn = store.begin_turn(talk, f"{SECRET} 1")
    store.routed(turn.id, {"in_scope": 0.9, "reasons": [{"code": "x", "text": SECRET}]}, "local", "faq", "v1", 1.0)
    answer(store, turn, f"{SECRET} 2", sources=[{"id": "faq.a", "text": SECRET, "probability": 0.9}],
           notices=[{"code": "cut", "text": SECRET}])  # fmt: skip
    store.record_call(call(turn))
    store.rate(USER, turn.id, 1)
    store.save_summary(talk, f"{SECRET} 3", turn.id)
    store.delete(USER, talk)
    assert store.forget_deleted(after_s=0) == 1
    assert store.forget_deleted(after_s=0) == 0
    store.close()
    (line,) = store.latest_turns(5)
    assert line.cost_microusd == 5
    assert line.turn.decision == {"in_scope": 0.9, "reasons": [{"code": "x"}]}
    assert line.turn.sources == [{"id": "faq.a", "probability": 0.9}]
    assert line.turn.notices == [{"code": "cut"}]
    assert line.excerpt == ""
    assert SECRET not in "\n".join(sqlite3_dump(tmp_path / "firstline.db"))


def test_deleted_words_are_gone_from_the_files_of_a_running_product_too(
    store: Store, talk: str, tmp_path: Path
) -> None:
    exchange(store, talk, f"{SECRET} " * 2000)
    store.delete(USER, talk)
    assert any(SECRET.encode() in path.read_bytes() for path in tmp_path.iterdir())
    store.forget_deleted(after_s=0)
    assert store.empty_log()
    assert all(SECRET.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_log_in_use_is_emptied_later(store: Store, talk: str) -> None:
    exchange(store, talk)
    with store.read() as session:
        session.connection().exec_driver_sql("SELECT * FROM message").all()
        exchange(store, talk)
        assert not store.empty_log()
    assert store.empty_log()


def test_deleting_can_be_undone_for_a_while(store: Store, talk: str) -> None:
    turn = store.begin_turn(talk, "Where is it?")
    store.delete(USER, talk)
    answer(store, turn, "On its way.", status="stopped")
    assert store.forget_deleted() == 0
    store.undelete(USER, talk)
    (found,) = store.exchanges(talk)
    assert (found.user_text, found.answer_text) == ("Where is it?", "On its way.")
    store.undelete(USER, talk)
    assert store.forget_deleted(after_s=0) == 0


def test_once_its_time_is_up_a_deleted_one_stays_deleted(
    store: Store, talk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "UNDO_S", 0)
    exchange(store, talk)
    store.delete(USER, talk)
    with pytest.raises(NotFoundError):
        store.undelete(USER, talk)


def test_only_its_owner_brings_a_deleted_one_back(store: Store, talk: str) -> None:
    store.ensure_user("eve")
    store.delete(USER, talk)
    with pytest.raises(NotFoundError):
        store.undelete("eve", talk)
    with pytest.raises(NotFoundError):
        store.conversation(USER, talk)


def test_a_deleted_one_is_not_found(store: Store, talk: str) -> None:
    turn = exchange(store, talk)
    store.delete(USER, talk)
    assert store.conversations(USER) == []
    for deed in (
        lambda: store.conversation(USER, talk),
        lambda: store.delete(USER, talk),
        lambda: store.exchanges(talk),
        lambda: store.live_history(talk),
        lambda: store.summary(talk),
        lambda: store.begin_turn(talk, "Hello"),
        lambda: store.begin_again(turn.id),
        lambda: store.save_summary(talk, "Words", turn.id),
        lambda: store.rate(USER, turn.id, 1),
        lambda: store.turn(USER, turn.id),
    ):
        with pytest.raises(NotFoundError):
            deed()


def test_a_turn_that_runs_on_after_the_delete_keeps_no_words(
    store: Store, talk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "UNDO_S", 0)
    turn = store.begin_turn(talk, SECRET)
    store.delete(USER, talk)
    store.forget_deleted(after_s=0)
    store.routed(turn.id, {"text": SECRET}, "local", "faq", "v1", 1.0)
    store.save_partial(turn.id, SECRET)
    done = answer(store, turn, SECRET, sources=[{"id": "a", "text": SECRET}], notices=[{"text": SECRET}])
    store.record_call(call(turn))
    assert done.status == "done"
    assert store.latest_turns(1)[0].cost_microusd == 5
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
