"""Two evaluations side by side."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import PackError
from router.evaluation.compare import compare
from router.evaluation.evaluate import CONNECTED
from router.evaluation.labelled_case import Case
from router.pack.labelled import Labelled
from router.policy.policy import Policy, decide
from router.types import Scores
from tests.router.cases import KEYS, POLICY, any_scores, case, evaluation, labelled, scores

STRICT = Policy(dict.fromkeys(KEYS, 0.9), 0.3)
BAKED = Labelled("when do you bake", "bread", ("bread.baked",))
POEM = Labelled("a poem", None, ())
pairs = st.lists(st.tuples(labelled(), any_scores()), min_size=1, max_size=15)


@settings(deadline=None)
@given(pairs)
def test_with_itself_nothing_differs(rows: list[tuple[Labelled, Scores]]) -> None:
    found = evaluation([case(*row) for row in rows])
    comparison = compare(found, found)
    assert comparison.changes == ()
    assert all(d.value == 0 and d.low <= 0 <= d.high and not d.clear for d in comparison.differences)


@settings(deadline=None)
@given(pairs)
def test_a_stricter_policy_keeps_no_more(rows: list[tuple[Labelled, Scores]]) -> None:
    before, after = evaluation([case(*row) for row in rows]), evaluation([case(*row, STRICT) for row in rows], STRICT)
    comparison = compare(before, after)
    by_name = {d.name: d for d in comparison.differences}
    assert by_name["here"].value <= 0 <= by_name["out_of_scope_recall"].value
    assert len(comparison.changes) == by_name["here"].lost
    assert by_name["here"].value * len(rows) == pytest.approx(-len(comparison.changes))
    assert all(-1 <= d.low <= d.high <= 1 for d in comparison.differences)
    assert json.loads(json.dumps(comparison.as_json(), allow_nan=False))["after"]["policy"] == STRICT.version


def test_changes_better_then_worse() -> None:
    wrong = scores(0.6, ("bread.baked", 0.8))
    before = [case(m, wrong) for m in (BAKED, POEM, POEM, BAKED)]
    after = [case(BAKED, wrong, STRICT), *(case(POEM, wrong, STRICT),) * 2, before[3]]
    comparison = compare(evaluation(before), evaluation(after, STRICT))
    assert [(c.before.message, c.gain) for c in comparison.changes] == [(POEM, 2), (POEM, 2), (BAKED, -1)]
    (wrong_share,) = (d for d in comparison.differences if d.name == "wrong")
    assert (wrong_share.gained, wrong_share.p) == (None, None)
    assert wrong_share.low <= wrong_share.value <= wrong_share.high


def test_another_fact_is_a_change() -> None:
    first, second = (case(BAKED, scores(0.9, (name, 0.8))) for name in ("bread.rye", "bread.baked"))
    comparison = compare(evaluation([first]), evaluation([second]))
    assert [change.gain for change in comparison.changes] == [2]
    assert comparison.as_json()["changes"][0]["best_facts"] == ["bread.rye", "bread.baked"]


def test_the_same_seed_gives_the_same_interval() -> None:
    rows = [(BAKED, scores(n / 40, ("bread.rye" if n % 3 else "bread.baked", 0.8))) for n in range(40)]
    one, other = evaluation([case(*row) for row in rows]), evaluation([case(*row, STRICT) for row in rows], STRICT)
    assert compare(one, other).differences == compare(one, other).differences


def test_other_messages_cannot_be_compared() -> None:
    one, other = ([Case(m, decide(scores(0.9), POLICY, CONNECTED))] for m in (BAKED, POEM))
    with pytest.raises(PackError, match="different messages"):
        compare(evaluation(one), evaluation(other))
