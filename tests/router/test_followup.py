"""Which messages lean on the one before, and which reading counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.followup import anchor, leads, leans
from router.types import Scores


def _scores(in_scope: float, no_fact: float = 0.0) -> Scores:
    return Scores("shipping", 1.0, in_scope, no_fact, (), ())


@pytest.mark.parametrize(
    "message",
    [
        "and to Canada?",
        "the blue one",
        "what about express",
        "no the other order",
        "how long does it take",
        "to norway",
        "is that free?",
        "or by post",
        "this one too",
    ],
)
def test_leans(message: str) -> None:
    assert leans(message)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "?",
        "thanks",
        "ok thank you very much",
        "where is my parcel",
        "reset my password",
        "write a poem about it",
        "express delivery",
        "the tent that I bought from you last week has a broken pole",
    ],
)
def test_stands_alone(message: str) -> None:
    assert not leans(message)


def test_it_is_read_with_the_last_message_that_stands_alone() -> None:
    turns = ["reset my password", "how much is express", "and to Norway?", "thanks"]
    assert anchor("and to Canada?", turns) == "how much is express"


def test_when_all_lean_it_is_read_with_the_oldest() -> None:
    assert anchor("and to Canada?", ["is it free", "and to Norway?"]) == "is it free"


def test_without_turns_or_after_small_talk_alone_it_stands_alone() -> None:
    assert anchor("and to Canada?", []) is None
    assert anchor("and to Canada?", ["hello", "thanks"]) is None


def test_a_message_far_back_is_not_looked_for() -> None:
    assert anchor("and to Canada?", ["how much is express", *["thanks"] * 4]) is None


@given(st.text(), st.lists(st.text(), max_size=6))
def test_an_anchor_is_always_a_turn(message: str, turns: list[str]) -> None:
    found = anchor(message, turns)
    assert found is None or found in turns


def test_a_connective_fragment_is_always_read_together() -> None:
    assert leads("and to Canada?", alone=_scores(0.9), together=_scores(0.1))


def test_otherwise_the_surer_reading_counts() -> None:
    assert leads("how long does it take", alone=_scores(0.5), together=_scores(0.9))
    assert not leads("how long does it take", alone=_scores(0.9), together=_scores(0.5))
    assert not leads("and do you ship to canada", alone=_scores(0.9, 0.1), together=_scores(0.95, 0.6))
