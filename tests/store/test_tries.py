"""Several tries at one message: exactly one stands, and a failed one loses nothing."""

from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatapp.store import Store
from chatapp.store.tries import ANSWERED
from tests.store.conftest import USER, answer, exchange

ENDS = st.tuples(
    st.sampled_from(["done", "stopped", "failed", "abstained", "interrupted"]),
    st.sampled_from(["", "Words."]),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Store]:
    with TemporaryDirectory() as folder, Store.open(f"sqlite:///{folder}/a.db") as store:
        store.conversations.ensure_user(USER)
        yield store


def test_a_new_answer_takes_the_place_of_the_old(store: Store, talk: str) -> None:
    old, last = exchange(store, talk, "One", text="Old."), exchange(store, talk, "Two")
    new = store.turns.begin_again(old.id, requested_route="cloud")
    assert (new.again_of, new.user_text, new.requested_route) == (old.id, "One", "cloud")
    assert [(e.turn.id, e.answer_text) for e in store.exchanges.of(talk)] == [
        (new.id, ""),
        (last.id, "An answer."),
    ]
    answer(store, new, "New.")
    assert [e.answer_text for e in store.exchanges.of(talk)] == ["New.", "An answer."]
    assert store.turns.get(USER, old.id).superseded


@pytest.mark.parametrize(("status", "text"), [("failed", ""), ("failed", "Half"), ("stopped", "")])
def test_a_failed_second_try_loses_nothing(store: Store, talk: str, status: str, text: str) -> None:
    old = exchange(store, talk, text="Old.")
    new = answer(store, store.turns.begin_again(old.id), text, status)
    assert new.superseded
    (kept,) = store.exchanges.of(talk)
    assert (kept.turn.id, kept.answer_text) == (old.id, "Old.")


def test_a_killed_second_try_loses_nothing(store: Store, talk: str) -> None:
    old = exchange(store, talk, text="Old.")
    new = store.turns.begin_again(old.id)
    store.turns.save_partial(new.id, "New ans")
    store.owners.interrupt([new.id])
    assert store.exchanges.of(talk)[0].answer_text == "Old."
    answer(store, new, "New answer.")
    assert store.exchanges.of(talk)[0].answer_text == "New answer."


def test_a_third_try_is_again_of_the_first(store: Store, talk: str) -> None:
    first = exchange(store, talk)
    second = answer(store, store.turns.begin_again(first.id))
    assert store.turns.begin_again(second.id).again_of == first.id


@settings(max_examples=30, deadline=None)
@given(st.lists(ENDS, min_size=1, max_size=5))
def test_exactly_one_stands_and_has_an_answer_if_any_has(shared: Store, ends: list[tuple[str, str]]) -> None:
    talk = shared.conversations.create(USER).id
    turns = []
    for status, text in ends:
        turn = shared.turns.begin_again(turns[0].id) if turns else shared.turns.begin(talk, "A question?")
        turns.append(shared.turns.finish(turn.id, status, text))
    standing = [turn for turn in turns if not shared.turns.get(USER, turn.id).superseded]
    answered = [turns[at].id for at, (status, text) in enumerate(ends) if status in ANSWERED and text]
    assert [turn.id for turn in standing] == [answered[-1] if answered else turns[-1].id]
    (kept,) = shared.exchanges.of(talk)
    assert kept.turn.id == standing[0].id
