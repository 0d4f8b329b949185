"""Which verdicts the log holds."""

from dataclasses import replace
from typing import Any

import pytest

from chatapp.store import Store, Turn
from language.english import ENGLISH
from router.outcomes.verdicts import Outcome, OutcomeSource
from router.text.followup import together_with
from router.types import Decision
from tests.store.conftest import DECISION, USER, answer

ESCALATED = {"code": "escalated", "text": "The cloud was asked."}


def routed(store: Store, turn: Turn, decision: Decision = DECISION, **changes: Any) -> Turn:
    data = decision.as_json() | changes
    store.turns.routed(turn.id, data, data["route"], "shipping", "p", 2.0)
    return turn


def local(store: Store, talk: str, text: str = "what does it cost?", **more: Any) -> Turn:
    """A finished answer of the local model."""
    return answer(store, routed(store, store.turns.begin(talk, text)), **more)


def verdicts(store: Store) -> list[tuple[str, bool, str]]:
    return [(one.text, one.good, one.source.value) for one in store.outcomes.all(ENGLISH)]


def test_a_thumb_is_a_verdict_with_the_scores_of_the_decision(store: Store, talk: str) -> None:
    up, down, _none = local(store, talk, "one"), local(store, talk, "two"), local(store, talk, "three")
    store.ratings.rate(USER, up.id, 1)
    store.ratings.rate(USER, down.id, -1)
    scored = ("shipping", "shipping.cost", 0.8, 0.6, 0.2)
    assert store.outcomes.all(ENGLISH) == [
        Outcome("one", *scored, good=True, source=OutcomeSource.FEEDBACK),
        Outcome("two", *scored, good=False, source=OutcomeSource.FEEDBACK),
    ]


def test_a_thumb_that_was_taken_back_is_none(store: Store, talk: str) -> None:
    turn = local(store, talk)
    store.ratings.rate(USER, turn.id, 1)
    store.ratings.rate(USER, turn.id, 0)
    assert store.outcomes.all(ENGLISH) == []


@pytest.mark.parametrize("route", [None, "cloud"])
def test_asking_again_after_a_local_answer_is_a_doubt(store: Store, talk: str, route: str | None) -> None:
    first = local(store, talk, "one")
    store.turns.begin_again(first.id, route)
    assert verdicts(store) == [("one", False, "second_look")]


def test_each_try_has_its_own_verdict_and_a_thumb_is_surer(store: Store, talk: str) -> None:
    first = local(store, talk, "one")
    second = answer(store, routed(store, store.turns.begin_again(first.id)))
    answer(store, routed(store, store.turns.begin_again(second.id, "cloud"), route="cloud"), route="cloud")
    store.ratings.rate(USER, second.id, 1)
    assert verdicts(store) == [("one", False, "second_look"), ("one", True, "feedback")]


def test_a_guard_that_gave_the_local_answer_up(store: Store, talk: str) -> None:
    gone = local(store, talk, "one", route="cloud", notices=[ESCALATED])
    store.ratings.rate(USER, gone.id, 1)  # for the words of the cloud
    local(store, talk, "two", route="local", notices=[ESCALATED, {"code": "cloud_failed", "text": ""}])
    assert verdicts(store) == [("one", False, "escalated"), ("two", False, "escalated")]


@pytest.mark.parametrize(
    ("decision", "end"),
    [
        ({"route": "cloud"}, {"route": "cloud"}),
        ({"route": "abstain"}, {"route": "abstain", "status": "abstained"}),
        ({}, {"status": "stopped"}),
        ({}, {"status": "failed", "text": ""}),
        ({"facts": []}, {}),
    ],
)
def test_what_was_not_answered_here_has_no_outcome(
    store: Store, talk: str, decision: dict[str, Any], end: dict[str, Any]
) -> None:
    turn = answer(store, routed(store, store.turns.begin(talk, "one"), **decision), **end)
    store.ratings.rate(USER, turn.id, 1)
    store.turns.begin_again(turn.id, "cloud")
    assert store.outcomes.all(ENGLISH) == []


def test_deleted_words_teach_nothing(store: Store, talk: str) -> None:
    store.ratings.rate(USER, local(store, talk).id, 1)
    store.conversations.delete(USER, talk)
    assert store.outcomes.all(ENGLISH) == []


def test_a_leaning_message_is_read_with_the_one_before(store: Store, talk: str) -> None:
    store.turns.begin(store.conversations.create(USER).id, "elsewhere")
    local(store, talk, "do you ship to Norway?")
    turn = answer(
        store, routed(store, store.turns.begin(talk, "and to  Canada?"), replace(DECISION, needs_context=True))
    )
    store.ratings.rate(USER, turn.id, 1)
    assert [one.text for one in store.outcomes.all(ENGLISH)] == [
        together_with("do you ship to Norway?", "and to Canada?")
    ]


def test_decisions_of_older_versions_do_not_say_no_fact(store: Store, talk: str) -> None:
    turn = store.turns.begin(talk, "one")
    store.turns.routed(turn.id, {k: v for k, v in DECISION.as_json().items() if k != "no_fact"}, "local", "s", "p", 1.0)
    answer(store, turn)
    store.ratings.rate(USER, turn.id, 1)
    assert store.outcomes.all(ENGLISH)[0].no_fact == pytest.approx(0.3)
