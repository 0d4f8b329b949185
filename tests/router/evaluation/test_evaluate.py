"""An evaluation counts every message once, and says what is wrong with the messages it is given."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings

from router.encoder.encoder import Encoder
from router.errors import PackError
from router.evaluation.costs import Prices, cost_of
from router.evaluation.evaluate import CONNECTED, WORST, evaluate
from router.evaluation.labelled_case import ELSEWHERE, Case, End
from router.pack.labelled import Labelled
from router.router import Router
from router.stats import Share
from router.types import Route
from tests.danger import DANGER
from tests.router.cases import KEYS, PRICES, any_cases, case, evaluation, scores

BAKED = Labelled("when do you bake", "bread", ("bread.baked",))
PARK = Labelled("where can I park", "hours", ())
POEM = Labelled("a poem", None, ())
LOCAL, AWAY = 0.9, 0.1


@settings(deadline=None)
@given(any_cases)
def test_the_confusion_sums_to_the_messages(cases: list[Case]) -> None:
    table = evaluation(cases).confusion
    assert sum(sum(row) for row in table.counts) == len(cases)
    for row, counts in zip(table.rows, table.counts, strict=True):
        assert sum(counts) == sum(c.row == row for c in cases)
    assert [len(counts) for counts in table.counts] == [len(table.columns)] * len(table.rows)


@settings(deadline=None)
@given(any_cases)
def test_shares_and_ends_add_up(cases: list[Case]) -> None:
    found = evaluation(cases)
    figures = found.figures
    assert sum(found.ends.values()) == len(cases) == figures.here.n
    assert figures.wrong.hits == figures.wrong_of_all.hits == figures.wrong.n - found.ends[End.RIGHT]
    assert figures.kept.hits + figures.out_of_scope_kept.hits == figures.here.hits == figures.wrong.n
    assert (
        figures.out_of_scope_recall.n - figures.out_of_scope_recall.hits
        == figures.out_of_scope_kept.hits
        == found.ends[End.OUT_OF_SCOPE]
    )
    assert sum(row.recall.n for row in found.categories) == figures.kept.n
    assert sum(row.precision.n for row in found.categories) == figures.here.hits
    for field in fields(figures):
        share = getattr(figures, field.name)
        assert 0 <= share.low <= share.value + 1e-9 <= share.high + 2e-9 <= 1 + 3e-9 or share.n == 0


@settings(deadline=None)
@given(any_cases)
def test_it_is_json(cases: list[Case]) -> None:
    data = json.loads(json.dumps(evaluation(cases).as_json(), allow_nan=False))
    assert data["n"] == len(data["messages"]) == len(cases)
    assert data["figures"]["here"].keys() == {"value", "low", "high", "hits", "n"}
    assert [row["end"] for row in data["messages"]] == [c.end.value for c in cases]


@pytest.mark.parametrize(
    ("message", "in_scope", "fact", "end", "column"),
    [
        (BAKED, LOCAL, "bread.baked", End.RIGHT, "bread"),
        (BAKED, LOCAL, "bread.rye", End.WRONG_FACT, "bread"),
        (BAKED, AWAY, "bread.baked", End.MISSED, ELSEWHERE),
        (PARK, LOCAL, "bread.baked", End.NO_FACT, "bread"),
        (PARK, AWAY, "bread.baked", End.SENT, ELSEWHERE),
        (POEM, LOCAL, "bread.baked", End.OUT_OF_SCOPE, "bread"),
        (POEM, AWAY, "bread.baked", End.SENT, ELSEWHERE),
    ],
)
def test_what_a_decision_comes_to(message: Labelled, in_scope: float, fact: str, end: End, column: str) -> None:
    found = case(message, scores(in_scope, (fact, 0.8)))
    assert (found.end, found.column) == (end, column)
    assert found.wrong_here == (end in (End.WRONG_FACT, End.NO_FACT, End.OUT_OF_SCOPE))


def test_the_worst_come_first_and_are_few() -> None:
    cases = [case(POEM, scores(0.6 + n / 100, ("bread.baked", 0.9))) for n in range(20)]
    cases += [case(BAKED, scores(n / 100, ("bread.baked", 0.9))) for n in range(20)]
    found = evaluation(cases)
    assert [round(c.decision.in_scope, 2) for c in found.wrong_here][:2] == [0.79, 0.78]
    assert [round(c.decision.in_scope, 2) for c in found.kept_out][:2] == [0.19, 0.18]
    assert len(found.wrong_here) == len(found.kept_out) == WORST


def test_cost() -> None:
    cost = cost_of(Share(75, 100), Prices(0.0001, 0.001))
    assert (cost.all_cloud_usd, cost.hybrid_usd) == pytest.approx((1.0, 0.325))
    assert cost.hybrid_low_usd < cost.hybrid_usd < cost.hybrid_high_usd
    assert cost.saved == pytest.approx(0.675)
    assert cost_of(Share(1, 2), Prices(0.1, 0.0)).saved == 0
    assert cost_of(Share(2, 2), Prices(0.2, 0.1)).saved == pytest.approx(-1)


def test_a_real_router(pack_dir: Path, own_cache: Path, encoder: Encoder) -> None:
    router = Router.open(pack_dir, own_cache, encoder)
    rows = (Labelled("when do you bake", "bread", ("bread.baked",)), Labelled("write me a poem", None, ()))
    found = evaluate(router, rows, PRICES)
    assert [c.message for c in found.cases] == list(rows)
    assert found.cases[1].decision.route is not Route.ABSTAIN
    assert found.confusion.rows == (*KEYS, "out_of_scope")
    assert 0 < found.times.p50_ms <= found.times.p95_ms
    assert found.cost.prices == PRICES
    with pytest.raises(PackError, match="no category 'cakes'"):
        evaluate(router, [Labelled("a cake", "cakes", ())], PRICES)
    with pytest.raises(PackError, match="no message"):
        evaluate(router, [], PRICES)


def test_a_message_that_was_taken_for_danger_is_answered_from_no_fact_of_the_pack() -> None:
    decision = DANGER.decide("there is fire", CONNECTED)
    assert decision is not None
    taken = Case(Labelled("there is fire", "bread", ("bread.baked",)), decision)
    assert (taken.local, taken.best, taken.right_fact, taken.score) == (False, None, False, 0.0)
    assert taken.end is End.MISSED
