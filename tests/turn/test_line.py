"""What waits, and which of it one turn reads next."""

from pathlib import Path

import pytest

from chatapp.store import Store, Turn
from chatapp.turn.line import Line
from language.english import ENGLISH
from router.types import Route

FITS = 200


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(f"sqlite:///{tmp_path / 'line.db'}")


@pytest.fixture
def line(store: Store) -> Line:
    store.conversations.ensure_user("u")
    return Line(FITS, ENGLISH)


def waiting(store: Store, line: Line, *texts: str, asked_of: Route | None = None) -> list[Turn]:
    """Turns of a conversation of their own, put in line."""
    talk = store.conversations.create("u").id
    turns = [store.turns.begin(talk, text, None, asked_of, most_waiting=9) for text in texts]
    assert [line.add(turn) for turn in turns] == list(range(1, len(turns) + 1))
    return turns


def test_each_conversation_has_a_line_of_its_own(store: Store, line: Line) -> None:
    here, there = waiting(store, line, "one", "two"), waiting(store, line, "three")
    assert line.of(here[0].conversation_id) == tuple(here)
    assert line.all() == (*here, *there)
    assert line.conversations == (here[0].conversation_id, there[0].conversation_id)
    assert there[0].conversation_id in line
    assert "nowhere" not in line
    assert line.of("nowhere") == ()


def test_what_is_taken_out_leaves_the_rest_and_an_empty_line_is_none(store: Store, line: Line) -> None:
    first, second = waiting(store, line, "one", "two")
    line.remove(first.conversation_id, [first])
    assert line.of(first.conversation_id) == (second,)
    line.remove(first.conversation_id, [second])
    assert first.conversation_id not in line
    line.remove(first.conversation_id, [second])


def test_one_line_is_cleared_or_every_one(store: Store, line: Line) -> None:
    (here,), (there,) = waiting(store, line, "one"), waiting(store, line, "two")
    line.clear(here.conversation_id)
    assert line.conversations == (there.conversation_id,)
    line.clear()
    assert line.all() == ()


def test_what_fits_together_is_read_together(store: Store, line: Line) -> None:
    turns = waiting(store, line, "where is it?", "it is number 7", "w" * (FITS - 20))
    talk = turns[0].conversation_id
    assert line.next(talk, None) == turns[:2]
    assert line.next(talk, "hello") == turns[:2]
    assert line.next(talk, "w" * FITS) == []


def test_the_first_is_read_even_where_it_alone_is_too_long(store: Store, line: Line) -> None:
    turns = waiting(store, line, "w" * (FITS + 1), "two")
    assert line.next(turns[0].conversation_id, None) == turns[:1]


def test_what_was_asked_of_the_cloud_is_read_alone_and_joins_nothing(store: Store, line: Line) -> None:
    turns = waiting(store, line, "one", "two", asked_of=Route.CLOUD)
    talk = turns[0].conversation_id
    assert line.next(talk, None) == turns[:1]
    assert line.next(talk, "hello") == []
    assert line.next(talk, "") == []
