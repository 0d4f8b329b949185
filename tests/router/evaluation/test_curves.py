"""Risk and coverage, and calibration: their properties, and small examples worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.evaluation.curves import reliability, risk_coverage
from router.evaluation.labelled_case import Case
from router.pack.labelled import Labelled
from tests.router.cases import any_cases, case, scores, shares

BAKED = Labelled("when do you bake", "bread", ("bread.baked",))
POEM = Labelled("a poem", None, ())


@given(any_cases)
def test_coverage_rises_and_risk_is_a_share(cases: list[Case]) -> None:
    curve = risk_coverage(cases)
    coverage = [point.coverage for point in curve.points]
    thresholds = [point.threshold for point in curve.points]
    assert coverage == sorted(set(coverage))
    assert thresholds == sorted(set(thresholds), reverse=True)
    assert all(0 < point.coverage <= 1 and 0 <= point.risk.value <= 1 for point in curve.points)
    assert 0 <= curve.area <= 1


@given(any_cases)
def test_a_point_is_what_its_threshold_does(cases: list[Case]) -> None:
    for point in risk_coverage(cases).points:
        taken = [c for c in cases if c.best and c.score >= point.threshold]
        assert point.coverage == len(taken) / len(cases)
        assert point.risk.hits == sum(not c.right_fact for c in taken)


def test_a_curve_worked_by_hand() -> None:
    sure = case(BAKED, scores(0.9, ("bread.baked", 0.9)))
    wrong = case(BAKED, scores(0.9, ("hours.week", 0.5)))
    out_of_scope = case(POEM, scores(0.2, ("bread.baked", 0.5)))
    mute = case(POEM, scores(0.0))
    curve = risk_coverage([out_of_scope, mute, wrong, sure])
    assert [(point.coverage, point.risk.hits, point.risk.n) for point in curve.points] == [
        (0.25, 0, 1),
        (0.5, 1, 2),
        (0.75, 2, 3),
    ]
    assert curve.area == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)
    found = curve.reach(0.5)
    assert found is not None
    assert found.coverage == 0.5


def test_a_risk_that_is_never_so_low() -> None:
    assert risk_coverage([case(POEM, scores(0.9, ("bread.baked", 0.9)))]).reach(0.5) is None
    assert risk_coverage([case(POEM, scores(0.0))]).points == ()


@given(st.lists(st.tuples(shares, st.booleans()), max_size=40))
def test_bins_hold_every_message_once(rows: list[tuple[float, bool]]) -> None:
    found = reliability([p for p, _ in rows], [true for _, true in rows])
    assert sum(b.came_true.n for b in found.bins) == len(rows)
    assert sum(b.came_true.hits for b in found.bins) == sum(true for _, true in rows)
    assert all(b.low - 1e-9 <= b.mean <= b.high + 1e-9 for b in found.bins)
    assert 0 <= found.error <= 1


def test_calibration_worked_by_hand() -> None:
    found = reliability([0.9, 0.9, 1.0, 0.05], [True, False, True, False])
    assert [b.came_true.n for b in found.bins] == [1, 3]
    assert found.error == pytest.approx(0.25 * 0.05 + 0.75 * abs(2.8 / 3 - 2 / 3))
