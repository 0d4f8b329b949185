"""Twenty threads at once lose nothing; and of those that want the same thing, one gets it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from chatapp.errors import BusyError
from chatapp.store import Store
from tests.store.conftest import USER, answer, call

THREADS = 20
T = TypeVar("T")


def at_once(work: Callable[[int], T]) -> list[T]:
    """What `work` returns in each of twenty threads that begin together."""
    together = threading.Barrier(THREADS)

    def one(number: int) -> T:
        together.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_twenty_conversations_lose_nothing(store: Store) -> None:
    def converse(number: int) -> str:
        talk = store.conversations.create(USER).id
        for n in range(3):
            turn = store.turns.begin(talk, f"{number}.{n}?")
            store.turns.routed(turn.id, {}, "local", "faq", "v1", 1.0)
            store.turns.save_partial(turn.id, f"{number}.")
            store.ledger.begin(call(turn))
            answer(store, turn, f"{number}.{n}!")
        return talk

    for number, talk in enumerate(at_once(converse)):
        told = [(e.user_text, e.answer_text, e.cost_microusd) for e in store.exchanges.of(talk)]
        assert told == [(f"{number}.{n}?", f"{number}.{n}!", 5) for n in range(3)]


def test_one_of_twenty_begins_a_turn(store: Store, talk: str) -> None:
    def begin(number: int) -> bool:
        try:
            return store.turns.begin(talk, str(number), live=range(99)).status == "running"
        except BusyError:
            return False

    assert sum(at_once(begin)) == 1
    assert len(store.exchanges.of(talk)) == 1


def test_one_message_sent_twenty_times_is_one_turn(store: Store, talk: str) -> None:
    turns = at_once(lambda _: store.turns.begin(talk, "Hello", "key"))
    assert len({turn.id for turn in turns}) == 1
    assert [turn.resent for turn in turns].count(False) == 1


def test_twenty_openings_migrate_once(url: str) -> None:
    stores = at_once(lambda _: Store.open(url))
    for store in stores:
        store.conversations.ensure_user(USER)
        store.close()
