"""Shares, their differences and areas under the curve, with their intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.plain import plain
from router.stats import Share, auroc, mcnemar, paired_interval


def test_wilson_against_published_values() -> None:
    """Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611."""
    assert Share(81, 263).low == pytest.approx(0.2553, abs=1e-4)
    assert Share(81, 263).high == pytest.approx(0.3662, abs=1e-4)
    assert (Share(0, 20).low, Share(0, 20).high) == (0.0, pytest.approx(0.1611, abs=1e-4))


def test_a_share_of_nothing() -> None:
    nothing = Share(0, 0)
    assert (nothing.value, nothing.low, nothing.high) == (0.0, 0.0, 1.0)
    assert str(Share(1, 2)) == "50.0% [9.5%, 90.5%], n = 2"


def test_a_share_is_told_with_its_interval() -> None:
    assert plain({"kept": Share(1, 3)}) == {
        "kept": {"value": 0.3333, "low": 0.0615, "high": 0.7923, "hits": 1, "n": 3},
    }


@pytest.mark.parametrize(("gained", "lost", "p"), [(0, 0, 1.0), (5, 0, 0.0625), (0, 6, 0.03125), (4, 4, 1.0)])
def test_mcnemar_worked_by_hand(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p)


def test_mcnemar_stands_many_changes() -> None:
    assert mcnemar(1500, 0) < 1e-300
    assert 0.4 < mcnemar(3000, 2950) < 0.6


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 100))
def test_a_paired_interval_holds_the_difference(gained: int, lost: int, same: int) -> None:
    n = gained + lost + same
    low, high = paired_interval(gained, lost, n)
    assert -1 <= low <= high <= 1
    assert n == 0 or low - 0.02 <= (gained - lost) / n <= high + 0.02
    mirrored = paired_interval(lost, gained, n)
    assert mirrored == pytest.approx((-high, -low))


def test_auroc_counts_pairs() -> None:
    chance = np.random.default_rng(1)
    score, positive = chance.integers(0, 8, 60).astype(np.float64), chance.random(60) < 0.4
    pairs = [(a > b) + (a == b) / 2 for a in score[positive] for b in score[~positive]]
    found = auroc(score, positive)
    assert found.value == pytest.approx(np.mean(pairs))
    assert 0 <= found.low < found.value < found.high <= 1
    assert auroc(score, np.ones(60, dtype=np.bool_)).low == 0
    assert auroc(np.array([1.0, 0.0]), np.array([True, False])).value == 1
