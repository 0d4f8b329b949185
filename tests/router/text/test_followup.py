"""What a message may have to be read with, the signs of needing context, and the regression over them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.english import ENGLISH
from router.text.followup import DEFAULT, SIGNS, before, signs, strength
from router.types import Neighbour, ScoredFact, Scores

VECTOR = np.ones(4, np.float32) / 2


def _scores(in_scope: float, fact: float, category: str = "shipping", near: str = "shipping") -> Scores:
    facts = (ScoredFact(f"{category}.one", "", fact),)
    return Scores(category, 1.0, in_scope, 1 - fact, facts, (Neighbour("x", near, 0.9),))


def test_it_is_read_with_the_last_message_that_is_no_small_talk() -> None:
    assert before("and to Canada?", ["reset my password", "how much is express", "thanks"], ENGLISH) == (
        "how much is express",
    )


def test_where_that_one_leans_too_the_last_that_does_not_is_tried_as_well() -> None:
    turns = ["reset my password", "how much is express delivery", "and to Norway?"]
    assert before("and to Canada?", turns, ENGLISH) == ("and to Norway?", "how much is express delivery")


def test_without_turns_or_after_small_talk_alone_there_is_nothing_to_read_it_with() -> None:
    assert before("and to Canada?", [], ENGLISH) == ()
    assert before("and to Canada?", ["hello", "thanks"], ENGLISH) == ()
    assert before("and to Canada?", ["how much is express", *["thanks"] * 5], ENGLISH) == ()


@pytest.mark.parametrize("message", ["", "?!", "thanks", "ok thank you very much", "word " * 21])
def test_small_talk_and_long_messages_never_lean(message: str) -> None:
    assert before(message, ["how much is express"], ENGLISH) == ()


@given(st.text(), st.lists(st.text(), max_size=6))
def test_what_it_is_read_with_are_turns(message: str, turns: list[str]) -> None:
    assert set(before(message, turns, ENGLISH)) <= set(turns)


@given(st.text(), st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1))
def test_signs_are_finite_and_their_chance_a_probability(text: str, one: float, other: float, likeness: float) -> None:
    found = signs(text, _scores(one, other), _scores(other, one, "faq", "out_of_scope"), likeness, ENGLISH)
    assert found.shape == (len(SIGNS),)
    assert np.isfinite(found).all()
    assert 0 <= DEFAULT.probability(found, VECTOR) <= 1


def test_a_fragment_that_means_nothing_alone_leans_and_a_whole_question_does_not() -> None:
    weak, sure = replace(_scores(0.05, 0.05), no_fact=0.9), _scores(0.99, 0.95)
    out_of_scope = replace(weak, neighbours=(Neighbour("x", "out_of_scope", 0.3),))
    assert DEFAULT.probability(signs("and to canada?", out_of_scope, sure, 0.3, ENGLISH), VECTOR) > 0.8
    other = _scores(0.99, 0.95, "account")
    assert (
        DEFAULT.probability(signs("how do I change the password of my account", other, sure, 0.1, ENGLISH), VECTOR)
        < 0.2
    )


def test_a_reading_without_facts_has_no_strength() -> None:
    assert strength(replace(_scores(0.9, 0.5), facts=())) == 0
    assert strength(_scores(0.9, 0.5)) == pytest.approx(0.45)
