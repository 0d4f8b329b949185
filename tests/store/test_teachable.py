"""Which turns of the log may teach."""

from collections.abc import Sequence
from typing import Any

import pytest

from chatapp.store import Store
from router.types import Route
from tests.store.conftest import DECISION, USER, answer
from tests.store.test_outcomes import local, routed

SOURCE = {"id": "shipping.cost", "text": "Shipping is free.", "probability": 0.6}


def cloud(store: Store, talk: str, text: str = "and to Mars?", notices: Sequence[Any] = (), **changes: Any) -> Any:
    turn = routed(store, store.turns.begin(talk, text), DECISION, **{"route": "cloud", "facts": [], **changes})
    return answer(store, turn, "Not yet.", route="cloud", notices=notices)


def texts(store: Store) -> list[str]:
    return [one.question for one in store.teachable.all()]


def test_a_liked_local_answer_with_its_fact(store: Store, talk: str) -> None:
    liked, _, disliked = (local(store, talk, text, sources=[SOURCE]) for text in ("one", "two", "three"))
    store.ratings.rate(USER, liked.id, 1)
    store.ratings.rate(USER, disliked.id, -1)
    (found,) = store.teachable.all()
    assert (found.id, found.at, found.route, found.category) == (liked.id, liked.created_at, Route.LOCAL, "shipping")
    assert (found.question, found.answer) == ("one", "An answer.")
    assert (found.fact, found.fact_text) == ("shipping.cost", "Shipping is free.")
    assert found.nearest == ("shipping.cost", "shipping.eu")


def test_an_answer_of_the_cloud_unless_it_was_disliked(store: Store, talk: str) -> None:
    cloud(store, talk, "plain")
    store.ratings.rate(USER, cloud(store, talk, "liked").id, 1)
    store.ratings.rate(USER, cloud(store, talk, "disliked").id, -1)
    cloud(store, talk, "and to Canada?", needs_context=True)
    cloud(store, talk, "cut short", [{"code": "incomplete", "text": "It may be."}])
    cloud(store, talk, "made up", [{"code": "unbacked", "text": "500 EUR"}])
    assert texts(store) == ["plain", "liked"]
    assert all((one.route, one.fact, one.answer) == (Route.CLOUD, "", "Not yet.") for one in store.teachable.all())


def test_of_several_tries_of_the_cloud_the_one_that_stands(store: Store, talk: str) -> None:
    first = cloud(store, talk)
    again = store.turns.begin_again(first.id, "cloud")
    answer(store, again, "Better.", route="cloud")
    assert [(one.id, one.question, one.answer) for one in store.teachable.all()] == [
        (again.id, "and to Mars?", "Better.")
    ]


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({}, {"sources": []}),
        ({"asked": 2}, {"sources": [SOURCE]}),
        ({}, {"sources": [SOURCE], "status": "stopped"}),
        ({}, {"sources": [SOURCE], "status": "failed", "text": ""}),
        ({}, {"sources": [], "status": "abstained", "route": "abstain"}),
    ],
)
def test_what_teaches_nothing(store: Store, talk: str, changes: dict[str, Any], end: dict[str, Any]) -> None:
    turn = answer(store, routed(store, store.turns.begin(talk, "one"), **changes), **end)
    store.ratings.rate(USER, turn.id, 1)
    assert store.teachable.all() == []


def test_a_turn_that_nobody_routed_has_no_category(store: Store, talk: str) -> None:
    answer(store, store.turns.begin(talk, "one"), route="cloud")
    (found,) = store.teachable.all()
    assert (found.category, found.nearest) == ("", ())


def test_deleted_conversations_never_appear(store: Store, talk: str) -> None:
    store.ratings.rate(USER, local(store, talk, sources=[SOURCE]).id, 1)
    cloud(store, talk)
    assert len(store.teachable.all()) == 2
    store.conversations.delete(USER, talk)
    assert store.teachable.all() == []
