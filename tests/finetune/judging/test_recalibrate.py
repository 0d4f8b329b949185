"""Thresholds of a release: as few wrong answers as can be, while most of the right ones are given."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.judging.recalibrate import KEEP, recalibrate
from router.pack.load import Pack, load_pack
from router.training.rows import Rows

PIP = load_pack("packs/pip")


@pytest.fixture(scope="module")
def pack() -> Pack:
    return replace(load_pack("packs/support"), thresholds={}, fact_threshold=None)


def _rows(scores: list[tuple[float, float]], answerable: list[bool], right: list[bool]) -> Rows:
    """Messages with (in scope, best fact); `answerable`: a fact answers, `right`: the best one does."""
    scope, fact = np.array(scores, dtype=float).reshape(-1, 2).T
    none, all_ = np.zeros(len(scores), dtype=np.int64), np.ones(len(scores), dtype=bool)
    return Rows(
        in_scope=scope,
        category=none,
        right_category=all_,
        best=none,
        best_fact=fact,
        right_fact=np.array(right, dtype=bool),
        answerable=np.array(answerable, dtype=bool),
        known=all_,
        inside=all_,
    )


def _none(rows: Rows) -> np.ndarray:  # type: ignore[type-arg]
    return np.zeros(len(rows.best), dtype=bool)


def test_what_no_fact_answers_is_kept_out_where_it_costs_nothing(pack: Pack) -> None:
    rows = _rows(
        [(0.9, 0.8), (0.9, 0.7), (0.9, 0.3), (0.2, 0.9)], [True, True, False, False], [True, True, False, False]
    )
    found = recalibrate(pack, rows, _none(rows))
    assert (found.kept.hits, found.wrong.hits, found.wrong.n) == (2, 0, 2)
    assert 0.3 < found.policy.fact_threshold <= 0.7
    assert "from one that does: 100.0%" in found.statements[1]


def test_what_is_answered_from_the_wrong_fact_does_not_count_as_kept(pack: Pack) -> None:
    rows = _rows([(0.9, 0.9), (0.9, 0.2)], [True, True], [True, False])
    found = recalibrate(pack, rows, _none(rows))
    assert (found.kept.n, found.right.hits, found.right.n, found.wrong.hits) == (1, 1, 2, 0)


def test_a_wrong_answer_goes_only_as_far_as_the_share_to_keep_allows(pack: Pack) -> None:
    scores = [(0.9, 0.9 - 0.05 * number) for number in range(10)]
    right = [True, True, True, False, True, True, False, False, True, False]
    rows = _rows(scores, right, right)
    assert recalibrate(pack, rows, _none(rows), keep=0.5).wrong.hits == 0
    assert recalibrate(pack, rows, _none(rows), keep=0.8).wrong.hits == 1
    assert recalibrate(pack, rows, _none(rows), keep=1.0).wrong.hits == 3


def test_what_the_model_refuses_is_not_answered(pack: Pack) -> None:
    rows = _rows([(0.9, 0.9)] * 4, [True] * 3 + [False], [True] * 3 + [False])
    refused = np.array([False, False, False, True])
    found = recalibrate(pack, rows, refused)
    assert (found.kept.value, found.wrong.hits) == (1.0, 0)


def test_what_the_pack_sets_itself_stands(pack: Pack) -> None:
    rows = _rows([(0.9, 0.9)] * 4, [True] * 4, [True] * 4)
    own = replace(pack, fact_threshold=0.25, thresholds={"returns": 0.6})
    policy = recalibrate(own, rows, _none(rows)).policy
    assert policy.fact_threshold == 0.25
    assert policy.threshold("returns") == 0.6


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans(), st.booleans()), max_size=30))
def test_enough_is_kept_and_never_more_is_wrong_than_without_thresholds(
    said: list[tuple[float, float, bool, bool]],
) -> None:
    rows = _rows([(a, b) for a, b, _, _ in said], [c for *_, c, _ in said], [c and d for *_, c, d in said])
    found = recalibrate(PIP, rows, _none(rows))
    assert found.kept.value >= KEEP or not found.kept.n
    assert found.wrong.hits <= int((~rows.right_fact).sum())
