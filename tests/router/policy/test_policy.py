"""The policy's promises, as properties."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import PolicyError
from router.policy.policy import MAX_FACTS, Policy, decide
from router.types import Circumstances, Mode, ReasonCode, Route, ScoredFact, Scores, least_sure

shares = st.floats(0, 1)
circumstances = st.builds(Circumstances, st.sampled_from(Mode), st.booleans())
policies = st.builds(lambda t, f: Policy({"returns": t}, f), shares, shares)
choosy = st.builds(lambda t, f, a: Policy({"returns": t}, f, a), shares, shares, shares)


@st.composite
def scores(draw: st.DrawFn) -> Scores:
    found = sorted(draw(st.lists(shares, max_size=5)), reverse=True)
    facts = tuple(ScoredFact(f"returns.{number}", "", value) for number, value in enumerate(found))
    asked = draw(st.integers(1, max(1, min(MAX_FACTS, len(facts)))))
    chances = (draw(shares), draw(shares), draw(shares))
    return Scores("returns", *chances, facts, (), draw(st.booleans()), asked=asked)


def _scores(in_scope: float = 0.97, *facts: float) -> Scores:
    scored = tuple(ScoredFact(f"returns.{number}", "text", value) for number, value in enumerate(facts))
    return Scores("returns", 0.9, in_scope, 0.1, scored, ())


POLICY = Policy({"returns": 0.62}, 0.45)
CLOUD = Circumstances(Mode.HYBRID, cloud_connected=True)


@given(scores(), policies, circumstances)
def test_local_needs_both(found: Scores, policy: Policy, around: Circumstances) -> None:
    decision = decide(found, policy, around)
    sure = bool(found.facts) and least_sure(found.facts, found.asked) >= policy.fact_threshold
    assert (decision.route is Route.LOCAL) == (found.in_scope >= policy.threshold("returns") and sure)


@given(scores(), policies, circumstances)
def test_the_cloud_is_asked_only_where_allowed_and_connected(
    found: Scores, policy: Policy, around: Circumstances
) -> None:
    route = decide(found, policy, around).route
    may = around.mode is Mode.HYBRID and around.cloud_connected
    assert route is not Route.CLOUD or may
    assert route is not Route.ABSTAIN or not may


@given(scores(), policies, circumstances)
def test_facts_go_with_local_and_reasons_with_all(found: Scores, policy: Policy, around: Circumstances) -> None:
    decision = decide(found, policy, around)
    assert bool(decision.facts) == (decision.route is Route.LOCAL)
    assert len(decision.facts) <= MAX_FACTS
    assert set(decision.facts) <= set(found.facts)
    assert decision.reasons
    assert decision == decide(found, policy, around)


@given(scores(), policies, circumstances, shares)
def test_more_scope_never_leaves_local(found: Scores, policy: Policy, around: Circumstances, more: float) -> None:
    surer = replace(found, in_scope=max(found.in_scope, more))
    if decide(found, policy, around).route is Route.LOCAL:
        assert decide(surer, policy, around).route is Route.LOCAL


@given(scores(), choosy, circumstances, shares)
def test_a_weak_local_model_is_spared(found: Scores, policy: Policy, around: Circumstances, chance: float) -> None:
    unknown = decide(found, policy, around)
    decision = decide(replace(found, answers_well=chance), policy, around)
    weak = chance < policy.answer_threshold
    assert (decision.route is Route.LOCAL) == (unknown.route is Route.LOCAL and not weak)
    assert bool(decision.facts) == (decision.route is Route.LOCAL)
    told = ReasonCode.WEAK_LOCALLY in {reason.code for reason in decision.reasons}
    assert told == (unknown.route is Route.LOCAL and weak)
    assert (decision.answers_well, decision.answer_threshold) == (chance, policy.answer_threshold)


@given(scores(), choosy, circumstances, st.lists(shares, min_size=4, max_size=4))
def test_more_of_any_probability_never_leaves_local(
    found: Scores, policy: Policy, around: Circumstances, more: list[float]
) -> None:
    found = replace(found, answers_well=more[0])
    surer = replace(found, in_scope=max(found.in_scope, more[1]), answers_well=max(more[0], more[2]))
    if found.facts:
        best = replace(found.facts[0], probability=max(found.facts[0].probability, more[3]))
        surer = replace(surer, facts=(best, *found.facts[1:]))
    if decide(found, policy, around).route is Route.LOCAL:
        assert decide(surer, policy, around).route is Route.LOCAL


@given(scores(), policies, circumstances, shares)
def test_no_answer_threshold_asks_nothing(found: Scores, policy: Policy, around: Circumstances, chance: float) -> None:
    decision = decide(replace(found, answers_well=chance), policy, around)
    assert replace(decision, answers_well=None) == decide(found, policy, around)


def test_an_unused_answer_threshold_leaves_the_version_alone() -> None:
    assert POLICY.version == Policy({"returns": 0.62}, 0.45, 0.0).version == "41fa24a5"
    assert POLICY.version != Policy({"returns": 0.62}, 0.45, 0.5).version


@given(policies, policies)
def test_the_version_names_the_contents(one: Policy, other: Policy) -> None:
    same = (one.thresholds, one.fact_threshold) == (other.thresholds, other.fact_threshold)
    assert (one.version == other.version) == same


def _texts(found: Scores, around: Circumstances) -> list[str]:
    return [reason.text for reason in decide(found, POLICY, around).reasons]


def test_reasons_of_a_local_answer() -> None:
    assert _texts(replace(_scores(0.97, 0.8), needs_context=True), CLOUD) == [
        "Read together with the message before it.",
        "This reads like a question about returns (97 % sure; 62 % is enough).",
        "An approved answer fits (80 % sure; 45 % is enough).",
    ]


def test_reasons_when_no_fact_fits() -> None:
    assert _texts(_scores(0.97, 0.31), Circumstances(Mode.LOCAL_ONLY)) == [
        "This reads like a question about returns (97 % sure; 62 % is enough).",
        "No approved answer fits well enough (best 31 %; 45 % is needed).",
        "This deployment answers on our own computers only, so the cloud was not asked.",
    ]


def test_a_fact_that_misses_by_a_hair_is_not_said_to_be_certain() -> None:
    decision = decide(_scores(0.97, 0.995), replace(POLICY, fact_threshold=1.0), CLOUD)
    assert decision.reasons[-1].text == "No approved answer fits well enough (best 99 %; 100 % is needed)."


def test_reasons_out_of_scope_without_a_cloud() -> None:
    decision = decide(_scores(0.6199, 0.9), POLICY, Circumstances())
    assert [reason.text for reason in decision.reasons] == [
        "This does not read like a question that is answered here (61 % sure; 62 % is needed).",
        "No cloud model is connected, so none was asked.",
    ]
    assert [reason.code for reason in decision.reasons] == [
        ReasonCode.OUT_OF_SCOPE,
        ReasonCode.CLOUD_NOT_CONNECTED,
    ]


def test_reasons_when_the_local_model_is_weak() -> None:
    policy = replace(POLICY, answer_threshold=0.6)
    decision = decide(replace(_scores(0.97, 0.8), answers_well=0.349), policy, CLOUD)
    assert decision.route is Route.CLOUD
    assert decision.reasons[-1].text == (
        "The local model has done poorly on messages like this (34 % likely to go well; 60 % is needed)."
    )


def test_facts_far_behind_the_best_are_not_chosen() -> None:
    decision = decide(_scores(0.97, 0.96, 0.47, 0.46), POLICY, CLOUD)
    assert [fact.id for fact in decision.facts] == ["returns.0"]
    assert len(decide(_scores(0.97, 0.5, 0.48), POLICY, CLOUD).facts) == 2


def test_the_decision_carries_what_it_was_held_against() -> None:
    decision = decide(_scores(0.97, 0.8), POLICY, CLOUD)
    assert (decision.threshold, decision.fact_threshold, decision.policy) == (0.62, 0.45, POLICY.version)


@pytest.mark.parametrize("policy", [({"returns": 1.1}, 0.5), ({"returns": 0.5}, -0.1)])
def test_thresholds_out_of_range(policy: tuple[dict[str, float], float]) -> None:
    with pytest.raises(PolicyError, match="from 0 to 1"):
        Policy(*policy)


def test_a_category_that_the_policy_does_not_know() -> None:
    with pytest.raises(PolicyError, match="no threshold for 'returns'"):
        decide(_scores(), Policy({"faq": 0.5}, 0.5), CLOUD)
