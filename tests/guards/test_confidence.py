"""Low token probability is noticed."""

import math

from hypothesis import given
from hypothesis import strategies as st

from chatapp.guards.confidence import LowConfidence


def token(probability: float) -> tuple[str, float]:
    return "word", math.log(probability)


def test_sure_answer_passes() -> None:
    guard = LowConfidence(least_mean=0.5)
    assert all(guard.feed(*token(0.9)).ok for _ in range(20))
    assert math.isclose(guard.mean, 0.9)


def test_low_mean_after_enough_tokens() -> None:
    guard = LowConfidence(least_mean=0.5, least_tokens=3)
    assert [guard.feed(*token(0.2)).ok for _ in range(4)] == [True, True, False, False]
    assert "20%" in guard.verdict.why


def test_one_very_unlikely_token() -> None:
    guard = LowConfidence(least_single=0.05)
    guard.feed(*token(0.9))
    assert not guard.feed(*token(0.01)).ok
    assert guard.verdict.word == "word"
    assert not guard.feed(*token(0.9)).ok


@given(st.lists(st.none(), max_size=20))
def test_tokens_without_a_probability_change_nothing(values: list[None]) -> None:
    guard = LowConfidence(least_single=0.9)
    assert all(guard.feed("word", value).ok for value in values)
    assert guard.mean == 1.0
