"""What would have changed a decision, held against deciding again."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.policy.explain import Counterfactual, counterfactual
from router.policy.policy import Policy, decide
from router.types import Circumstances, Decision, Mode, Neighbour, Route, Scores
from tests.router.cases import KEYS, any_scores, scores, shares

CLOUD, ALONE, LOCAL_ONLY = (
    Circumstances(Mode.HYBRID, True),
    Circumstances(Mode.HYBRID, False),
    Circumstances(Mode.LOCAL_ONLY, False),
)
BY_NAME = {"hybrid, cloud connected": CLOUD, "hybrid, no cloud": ALONE, "local-only": LOCAL_ONLY}
circumstances = st.sampled_from((CLOUD, ALONE, LOCAL_ONLY))
steps = st.sampled_from((0.0, 0.001, 0.29, 0.5, 0.999, 1.0)) | shares
policies = st.builds(lambda t, f, a: Policy(dict.fromkeys(KEYS, t), f, a), steps, steps, st.just(0.0) | steps)


def again(found: Scores, policy: Policy, around: Circumstances, name: str, at: float) -> Route:
    """The route with one threshold put at `at`."""
    other = {
        "in_scope": lambda: replace(policy, thresholds=dict(policy.thresholds) | {found.category: at}),
        "best_fact": lambda: replace(policy, fact_threshold=at),
        "answers_well": lambda: replace(policy, answer_threshold=at),
    }[name]()
    return decide(found, other, around).route


def at(found: Scores, policy: Policy, around: Circumstances = CLOUD) -> Counterfactual:
    return counterfactual(decide(found, policy, around))


@given(any_scores(), st.none() | shares, policies, circumstances)
def test_a_threshold_that_is_said_to_flip_does(
    found: Scores, well: float | None, policy: Policy, around: Circumstances
) -> None:
    found = replace(found, answers_well=well)
    decision = decide(found, policy, around)
    told = counterfactual(decision)
    assert told.here == (decision.route is Route.LOCAL)
    for margin in told.margins:
        if margin.flips_at is not None:
            assert 0 <= margin.flips_at <= 1
            route = again(found, policy, around, margin.name, margin.flips_at)
            assert (route is Route.LOCAL) != told.here
        elif told.here:
            assert again(found, policy, around, margin.name, 1.0) is Route.LOCAL
        elif margin.margin < 0:
            assert again(found, policy, around, margin.name, 0.0) is not Route.LOCAL


@given(any_scores(), policies, circumstances)
def test_elsewhere_is_where_it_would_go(found: Scores, policy: Policy, around: Circumstances) -> None:
    decision = decide(found, policy, around)
    elsewhere = counterfactual(decision).elsewhere
    for name, other in BY_NAME.items():
        route = decide(found, policy, other).route
        assert elsewhere.get(name, decision.route) is route


@given(any_scores(), policies, circumstances)
def test_it_is_json_and_speaks(found: Scores, policy: Policy, around: Circumstances) -> None:
    told = at(found, policy, around)
    data = json.loads(json.dumps(told.as_json(), allow_nan=False))
    assert [margin["name"] for margin in data["margins"]] == ["in_scope", "best_fact"]
    assert all(text.endswith(".") for text in told.texts)
    assert told.texts


POLICY = Policy(dict.fromkeys(KEYS, 0.5), 0.3)


@pytest.mark.parametrize(
    ("found", "first"),
    [
        (
            scores(0.9, ("bread.rye", 0.8)),
            "With the in-scope threshold of bread at 90.1 % or more it would not have been answered here",
        ),
        (
            scores(1.0, ("bread.rye", 0.8)),
            "No in-scope threshold of bread would have kept it from being answered here.",
        ),
        (
            scores(0.4, ("bread.rye", 0.8)),
            "With the in-scope threshold of bread at 40.0 % or less it would",
        ),
        (scores(0.9, ("bread.rye", 0.2)), "With the fact threshold at 20.0 % or less it would have been answered here"),
        (
            scores(0.4, ("bread.rye", 0.2)),
            "No single threshold would have had it answered here; all of these would",
        ),
        (scores(0.9), "No threshold would have had it answered here: no fact was found."),
    ],
)
def test_the_words(found: Scores, first: str) -> None:
    assert at(found, POLICY).texts[0].startswith(first)


def test_the_runner_ups() -> None:
    two = at(scores(0.9, ("bread.rye", 0.8), ("hours.week", 0.1)), POLICY)
    assert two.runner_up is not None
    assert (two.runner_up.id, two.other_category) == ("hours.week", "hours")
    assert two.texts[-2:] == ("The next fact is hours.week (10.0 %).", "The next category is hours.")
    out_of_scope = replace(scores(0.9, ("bread.rye", 0.8)), neighbours=(Neighbour("a poem", "out_of_scope", 0.9),))
    assert at(out_of_scope, POLICY).texts[-1] == "A near example is out of scope."
    alone = replace(out_of_scope, neighbours=())
    assert at(alone, POLICY).other_category is None


def test_circumstances_in_words() -> None:
    away = scores(0.1, ("bread.rye", 0.8))
    assert "In local-only mode, or with no cloud" in at(away, POLICY, CLOUD).texts[1]
    assert at(away, POLICY, ALONE).texts[1] == "With a cloud connected it would have gone to the cloud."
    assert at(away, POLICY, LOCAL_ONLY).texts[1].startswith("In hybrid mode, with a cloud connected,")
    here = at(scores(0.9, ("bread.rye", 0.8)), POLICY, CLOUD).texts
    assert "Mode and cloud make no difference: it is answered here in any case." in here


def test_a_decision_that_someone_else_made() -> None:
    """Asked for by the customer, or given up after the local model's try: the scores say otherwise."""
    decision: Decision = decide(scores(0.9, ("bread.rye", 0.8)), POLICY, CLOUD)
    told = counterfactual(replace(decision, route=Route.CLOUD, facts=()))
    assert told.here
    assert told.texts[0] == "By its scores alone it would have been answered here."
    assert told.elsewhere == {}


def test_a_chance_of_a_good_answer_counts_where_it_is_known() -> None:
    found = replace(scores(0.9, ("bread.rye", 0.8)), answers_well=0.4)
    told = at(found, replace(POLICY, answer_threshold=0.6))
    assert not told.here
    assert told.margins[-1].flips_at == 0.4
    assert told.texts[0].startswith("With the answer threshold at 40.0 % or less")
