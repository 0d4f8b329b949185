"""A promise is kept as often as it says, and says so when it cannot be made."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from router.errors import PolicyError
from router.policy.promise import least_needed, promise
from router.policy.thresholds import highest_keeping
from router.training.promised import NOTHING, check_asked, choose, local_policy, promise_levels
from router.training.rows import Rows

risks = st.sampled_from([0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
confidences = st.sampled_from([0.5, 0.8, 0.9, 0.99])
scored = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=400)


def _messages(count: int, seed: int, wrong: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Calibrated scores: a message of score p is right with probability p (or wrong `wrong` times as often)."""
    random = np.random.default_rng(seed)
    scores = random.beta(3, 0.7, count)
    return scores, random.random(count) >= wrong * (1 - scores)


def _rows(count: int, seed: int, categories: int = 3) -> Rows:
    scope, right = _messages(count, seed)
    fact, right_fact = _messages(count, seed + 1)
    category = np.random.default_rng(seed).integers(0, categories, count)
    return Rows(
        in_scope=scope,
        category=category,
        right_category=right,
        best=np.zeros(count, np.int64),
        best_fact=fact,
        right_fact=right_fact & right,
        answerable=right,
        known=np.ones(count, bool),
        inside=right,
    )


@pytest.mark.parametrize(("risk", "count"), [(0.05, 400), (0.1, 200), (0.1, 1000), (0.2, 100)])
def test_a_promise_is_kept_at_least_as_often_as_stated(risk: float, count: int) -> None:
    """Against the true risk of scores that are known to be calibrated: no sampling in the check itself."""
    confidence, trials = 0.9, 300
    world, _ = _messages(400_000, 1)
    found = [promise(*_messages(count, 100 + trial), risk, confidence) for trial in range(trials)]
    made = [each.threshold for each in found if each.threshold is not None]
    broken = sum(float((1 - world[world >= threshold]).mean()) > risk for threshold in made)
    assert len(made) > trials / 4
    assert broken / trials <= 1 - confidence


@given(scored, risks, risks, confidences)
def test_a_higher_risk_never_gives_a_higher_threshold(
    found: list[tuple[float, float]], one: float, other: float, confidence: float
) -> None:
    scores, luck = (np.array(column) for column in zip(*found, strict=True))
    low, high = (promise(scores, luck < scores, risk, confidence) for risk in sorted((one, other)))
    assert (high.threshold is not None) >= (low.threshold is not None)
    if low.threshold is not None and high.threshold is not None:
        assert high.threshold <= low.threshold


@given(scored, risks, confidences, confidences)
def test_more_confidence_never_gives_a_lower_threshold(
    found: list[tuple[float, float]], risk: float, one: float, other: float
) -> None:
    scores, luck = (np.array(column) for column in zip(*found, strict=True))
    less, more = (promise(scores, luck < scores, risk, confidence) for confidence in sorted((one, other)))
    assert (less.threshold or 0.0) <= (more.threshold if more.threshold is not None else 1.0)


@given(scored, risks, confidences)
def test_the_figures_are_of_what_passes(found: list[tuple[float, float]], risk: float, confidence: float) -> None:
    scores, luck = (np.array(column) for column in zip(*found, strict=True))
    made = promise(scores, luck < scores, risk, confidence)
    if made.threshold is None:
        assert (made.local.hits, made.observed.n) == (0, 0)
        assert "cannot be promised" in made.statement
        return
    passing = scores >= made.threshold
    assert (made.local.hits, made.local.n) == (passing.sum(), len(scores))
    assert made.observed.hits == (passing & ~(luck < scores)).sum()
    assert made.observed.value <= risk
    assert f"{made.threshold:.4f}" in made.statement


@settings(max_examples=50)
@given(risks, confidences, st.integers(-3, 3))
def test_needed_is_the_least(risk: float, confidence: float, more: int) -> None:
    needed = least_needed(risk, confidence)
    count = max(needed + more, 1)
    made = promise(np.linspace(0.1, 0.9, count), np.ones(count, bool), risk, confidence)
    assert (made.threshold is not None) == (count >= needed)
    assert made.needed == needed


def test_an_exact_count_of_errors() -> None:
    """1 wrong of 100 stays 1, whatever 1 - 0.99 is in floating point: the p-value is the binomial one."""
    from scipy.stats import binom

    from router.policy.promise import _p_values

    wrong, counts = np.arange(1, 60), np.arange(41, 100)
    assert _p_values(wrong, counts, 0.9) == pytest.approx(binom.cdf(wrong, counts, 0.9), rel=1e-6, abs=1e-12)
    few, of = np.array([0, 1, 2]), np.array([100, 100, 100])  # here the binomial value is well below Hoeffding's bound
    assert _p_values(few, of, 0.1) == pytest.approx(binom.cdf(few, of, 0.1), rel=1e-6)


def test_no_messages_and_one_score_only() -> None:
    nothing = promise(np.array([]), np.array([], dtype=bool), 0.05, 0.9)
    assert (nothing.threshold, nothing.n) == (None, 0)
    assert f"at least {nothing.needed} are needed" in nothing.statement
    same = promise(np.full(200, 0.7), np.ones(200, bool), 0.05, 0.9)
    assert (same.threshold, same.local.hits) == (0.7, 200)
    wrong = promise(np.full(1000, 0.7), np.arange(1000) % 2 == 0, 0.05, 0.9)
    assert wrong.threshold is None
    assert "were fewer of the surest wrong" in wrong.statement


@pytest.mark.parametrize(
    ("risk", "confidence"), [(0.0, 0.9), (1.0, 0.9), (0.05, 1.0), (-1.0, 0.9), (float("nan"), 0.9)]
)
def test_an_impossible_promise_is_refused(risk: float, confidence: float) -> None:
    with pytest.raises(PolicyError, match="between 0 and 1"):
        promise(np.ones(3), np.ones(3, bool), risk, confidence)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=80), st.floats(0.01, 1))
def test_a_share_is_kept_and_no_higher_threshold_would(scores: list[float], keep: float) -> None:
    values = np.array(scores)
    threshold = highest_keeping(values, keep)
    assert (values >= threshold).mean() >= keep - 1e-9
    assert (values >= threshold + 1.0001e-4).mean() < keep


def test_a_share_of_nothing() -> None:
    assert highest_keeping(np.array([]), 0.8) == 0.0


def test_the_error_is_split_over_what_is_tested() -> None:
    levels = promise_levels(_rows(6000, 3), 3, 0.1, 0.9)
    errors = [1 - each.confidence for each in (*levels.own.values(), levels.pooled, levels.fact)]
    assert len(levels.own) == 3
    assert sum(errors) == pytest.approx(0.1)
    few = promise_levels(_rows(600, 3), 3, 0.05, 0.9)
    assert few.own == {}
    assert few.category(1) is few.pooled
    assert 2 - few.pooled.confidence - few.fact.confidence == pytest.approx(0.1)


def test_a_category_with_too_little_takes_the_threshold_of_all() -> None:
    rows = _rows(3000, 5, 2)
    rows.category[:] = np.where(np.arange(3000) < 2950, 0, 1)
    levels = promise_levels(rows, 2, 0.1, 0.9)
    policy = levels.policy(("much", "little"))
    assert list(levels.own) == [0]
    assert policy.thresholds["little"] == levels.pooled.threshold
    assert policy.thresholds["much"] == levels.own[0].threshold


def test_all_promises_together_are_kept_as_often_as_stated() -> None:
    """True risks are known: the score itself in scope, and of the fact what a large sample says."""
    world, trials, broken = _rows(200_000, 9_999), 60, 0
    for trial in range(trials):
        levels = promise_levels(_rows(900, 50 + 2 * trial), 3, 0.2, 0.9)
        scope, fact = levels.pooled.threshold, levels.fact.threshold
        wrong_scope = scope is not None and (~world.right_category[world.in_scope >= scope]).mean() > 0.2
        wrong_fact = fact is not None and (~world.right_fact[world.best_fact >= fact]).mean() > 0.2
        broken += wrong_scope or wrong_fact
    assert broken / trials <= 0.1


def test_nothing_passes_where_nothing_can_be_promised() -> None:
    policy = promise_levels(_rows(50, 1), 3, 0.01, 0.9).policy(("a", "b", "c"))
    assert {*policy.thresholds.values(), policy.fact_threshold} == {NOTHING}


def test_a_local_share_is_kept_by_category() -> None:
    rows = _rows(800, 7)
    rows.category[:] = np.where(np.arange(800) < 780, rows.category % 2, 2)
    policy, said = local_policy(rows, ("a", "b", "c"), 0.8)
    sure = rows.best_fact >= policy.fact_threshold
    for number, key in enumerate(("a", "b")):
        chosen = rows.inside & (rows.category == number)
        assert (sure & (rows.in_scope >= policy.thresholds[key]))[chosen].mean() >= 0.8
    assert [line for line in said if "all categories together" in line] == [said[3]]


@pytest.mark.parametrize(
    ("risk", "local", "confidence"), [(0.1, 0.8, 0.9), (0.0, None, 0.9), (None, 2.0, 0.9), (0.1, None, 1.0)]
)
def test_what_cannot_be_answered_is_refused(risk: float | None, local: float | None, confidence: float) -> None:
    with pytest.raises(PolicyError):
        check_asked(risk, local, confidence)


def test_a_small_pack_says_what_it_lacks(pack_dir: object, encoder: object) -> None:
    from router.pack.load import load_pack
    from router.training.build import build

    built = build(load_pack(pack_dir), encoder)  # type: ignore[arg-type]
    policy, said = choose(built, risk=0.05)
    assert set(policy.thresholds) == {"bread", "hours"}
    assert any("cannot be promised" in line for line in said)
    assert "real traffic may differ" in said[-1]
    kept, said = choose(built, local=0.9)
    assert 0 <= kept.fact_threshold <= 1
    assert "90 %" in said[0]
    default, said = choose(built)
    assert default == built.artefact.policy
    assert said[0].startswith("No promise.")
