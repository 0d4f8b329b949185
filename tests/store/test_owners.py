"""Whose a turn is: a living owner's is left alone, anybody else's is ended, and nothing waits for it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from chatapp.errors import BusyError, NotFoundError
from chatapp.store import Store, owners, turns
from chatapp.store.models import OPEN, TurnRow, utcnow
from chatapp.store.owners import BEAT_S, MISSED_BEATS
from tests.store.conftest import USER, answer, exchange


@pytest.fixture
def other(url: str, store: Store) -> Iterator[Store]:
    """The same database, of another process."""
    with Store.open(url) as other:
        yield other


def silence(store: Store, seconds: float = MISSED_BEATS * BEAT_S + 1) -> None:
    """Set every last beat so many seconds back."""
    with store.database.write() as session:
        session.exec(update(TurnRow).values(beat_at=utcnow() - timedelta(seconds=seconds)))


def test_a_turn_of_a_living_process_is_left_alone(store: Store, other: Store, talk: str) -> None:
    turn = store.turns.begin(talk, "Hello")
    assert other.owners.interrupt_dead() == []
    with pytest.raises(BusyError):
        other.turns.begin(talk, "Me too")
    silence(store)
    store.owners.beat([turn.id])
    assert other.owners.interrupt_dead() == []


def test_the_first_sign_of_life_is_by_the_clock_of_the_others(
    store: Store, other: Store, talk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners, "now", lambda _session: utcnow() + timedelta(hours=1))
    monkeypatch.setattr(turns, "now", owners.now, raising=False)
    store.turns.begin(talk, "Hello")
    assert other.owners.interrupt_dead() == []


def test_a_turn_without_a_sign_of_life_is_interrupted_and_keeps_its_words(
    store: Store, other: Store, talk: str
) -> None:
    turn = store.turns.begin(talk, "Hello")
    store.turns.save_partial(turn.id, "Half")
    silence(store)
    assert [ended.id for ended in other.owners.interrupt_dead()] == [turn.id]
    (kept,) = other.exchanges.of(talk)
    assert (kept.turn.status, kept.answer_text) == ("interrupted", "Half")


def test_nobody_waits_for_a_turn_that_nobody_answers(store: Store, other: Store, talk: str) -> None:
    dead = store.turns.begin(talk, "Hello")
    silence(store)
    assert other.turns.begin(talk, "Anybody?").status == "running"
    assert store.turns.get(USER, dead.id).status == "interrupted"


def test_a_process_knows_at_once_which_of_its_own_turns_live(store: Store, talk: str) -> None:
    lost = store.turns.begin(talk, "Hello")
    with pytest.raises(BusyError):
        store.turns.begin(talk, "And?", live={lost.id})
    assert store.turns.begin_again(lost.id).status == "running"
    assert store.turns.get(USER, lost.id).status == "interrupted"


def test_the_sweep_spares_what_lives_here_though_its_beats_were_not_written(store: Store, talk: str) -> None:
    turn = store.turns.begin(talk, "Hello")
    silence(store)
    assert store.owners.interrupt_dead({turn.id}) == []
    assert len(store.owners.interrupt_dead()) == 1


def test_a_clock_that_was_set_back_keeps_nothing_alive(store: Store, other: Store, talk: str) -> None:
    store.turns.begin(talk, "Hello")
    silence(store, seconds=-3600)
    assert len(other.owners.interrupt_dead()) == 1


def test_a_server_that_starts_spares_a_command_beside_it(store: Store, other: Store, talk: str, url: str) -> None:
    other.owners.serve_alone()
    of_command, of_server = (
        store.turns.begin(talk, "Hello"),
        other.turns.begin(other.conversations.create(USER).id, "Hello"),
    )
    with Store.open(url) as restarted:
        restarted.owners.serve_alone()
        assert restarted.turns.get(USER, of_command.id).status == "running"
        assert restarted.turns.get(USER, of_server.id).status == "interrupted"


def test_looking_for_open_turns_reads_no_other(store: Store) -> None:
    with store.database.read() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN SELECT * FROM turn WHERE {OPEN}").all()
    assert "turn_open" in str(plan)


def queued(store: Store, talk: str, *texts: str) -> list[int]:
    """The ids of a turn that runs and of those that wait for it."""
    ids: list[int] = []
    for text in texts:
        ids.append(store.turns.begin(talk, text, live=ids, most_waiting=5).id)
    return ids


def test_a_message_waits_for_the_turn_before_it(store: Store, talk: str) -> None:
    first, second = queued(store, talk, "One", "Two")
    assert store.turns.get(USER, second).status == "queued"
    assert store.turns.begin_next([second], live={first}) is None
    answer(store, store.turns.get(USER, first))
    began = store.turns.begin_next([second])
    assert began
    assert (began.status, began.asked_text) == ("running", "Two")


def test_no_more_wait_than_may(store: Store, talk: str) -> None:
    ids = queued(store, talk, *"123456")
    with pytest.raises(BusyError, match="5 of your messages"):
        store.turns.begin(talk, "7", live=ids, most_waiting=5)
    assert [e.user_text for e in store.exchanges.of(talk)] == [*"123456"]


def test_one_turn_reads_both_messages_and_history_knows_them_once(store: Store, talk: str) -> None:
    exchange(store, talk, "Before")
    first, second = queued(store, talk, "Where is my parcel?", "It is number 7.")
    both = store.turns.begin_next([second], joining=first, live={first})
    assert both
    assert both.asked_text == "Where is my parcel?\nIt is number 7."
    assert store.exchanges.user_texts(talk, second, 4) == ["Before"]
    assert [past.user_text for past in store.exchanges.live_history(talk, before_turn=second)] == ["Before"]
    answer(store, both, "On its way.")
    one, two = store.exchanges.of(talk)[1:]
    assert (one.turn.status, one.user_text, one.answer_text, one.turn.joined_into) == (
        "joined",
        "Where is my parcel?",
        "",
        second,
    )
    assert (two.user_text, two.turn.asked_text, two.answer_text) == ("It is number 7.", both.asked_text, "On its way.")
    assert [past.user_text for past in store.exchanges.live_history(talk)] == ["Before", both.asked_text]


def test_what_was_read_together_is_read_together_again(store: Store, talk: str) -> None:
    first, second, third = queued(store, talk, "One", "Two", "Three")
    store.turns.begin_next([second], joining=first, live={first, third})
    store.turns.begin_next([third], joining=second, live={second})
    again = store.turns.begin_again(first)
    assert (again.again_of, again.asked_text) == (third, "One\nTwo\nThree")
    assert {store.turns.get(USER, one).joined_into for one in (first, second)} == {third}


def test_the_end_of_a_turn_stands_though_it_was_to_be_read_with_the_next(store: Store, talk: str) -> None:
    first, second = queued(store, talk, "One", "Two")
    answer(store, store.turns.get(USER, first))
    began = store.turns.begin_next([second], joining=first)
    assert began
    assert began.asked_text == "Two"
    assert store.turns.get(USER, first).status == "done"


def test_what_waits_in_a_deleted_conversation_never_begins(store: Store, talk: str) -> None:
    first, second = queued(store, talk, "One", "Two")
    store.conversations.delete(USER, talk)
    with pytest.raises(NotFoundError):
        store.turns.begin_next([second], live={first})
    assert store.owners.interrupt_dead() == []


def test_what_waited_in_a_process_that_died_offers_a_retry(store: Store, other: Store, talk: str) -> None:
    queued(store, talk, "One", "Two")
    silence(store)
    other.owners.interrupt_dead()
    assert [e.turn.status for e in store.exchanges.of(talk)] == ["interrupted", "interrupted"]
