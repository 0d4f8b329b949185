"""When it is asked back, what is offered, and how the answer is read."""

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from language.english import ENGLISH
from router.policy.ask import LEAST_OPTION, LEAST_SHARE, TORN, asked_back, chosen, titled
from router.policy.policy import decide
from router.types import SAFETY, Circumstances, Decision, Mode, ReasonCode, Route, least_sure
from tests.router.cases import FACTS, POLICY, scores, shares

TITLES = {name: f"About {name}" for name in FACTS}
OFFERED = {"order.address": "Change the address of an order", "account.address": "Change the address of my account"}
HYBRID, ALONE = Circumstances(Mode.HYBRID, cloud_connected=True), Circumstances(Mode.LOCAL_ONLY)


def decided(*facts: tuple[str, float], in_scope: float = 0.9, around: Circumstances = HYBRID) -> Decision:
    return decide(scores(in_scope, *facts), POLICY, around)


@pytest.mark.parametrize("around", [HYBRID, ALONE])
def test_facts_that_share_the_probability_are_asked_about(around: Circumstances) -> None:
    decision = asked_back(decided((FACTS[0], 0.29), (FACTS[1], 0.28), around=around), TITLES)
    assert (decision.route, decision.facts) == (Route.ASK, ())
    assert [fact.id for fact in decision.options] == list(FACTS[:2])
    codes = [reason.code for reason in decision.reasons]
    assert codes[-1] is ReasonCode.ASKED_BACK
    assert not {ReasonCode.CLOUD_NOT_ALLOWED, ReasonCode.CLOUD_NOT_CONNECTED} & {*codes}
    assert Decision.from_json(decision.as_json()).options[0].id == FACTS[0]


def test_of_two_that_are_as_likely_none_is_guessed() -> None:
    assert asked_back(decided((FACTS[0], 0.45), (FACTS[1], 0.44)), TITLES).route is Route.ASK
    assert asked_back(decided((FACTS[0], 0.45), (FACTS[1], 0.45 * TORN - 0.01)), TITLES).route is Route.LOCAL


@pytest.mark.parametrize(
    ("facts", "in_scope"),
    [
        (((FACTS[0], 0.29), (FACTS[1], 0.28)), 0.4),
        (((FACTS[0], 0.29), (FACTS[1], LEAST_OPTION - 0.01)), 0.9),
        (((FACTS[0], 0.28), (FACTS[1], LEAST_SHARE - 0.29)), 0.9),
        (((FACTS[0], 0.29),), 0.9),
        ((), 0.9),
    ],
    ids=["out of scope", "nothing beside it", "not likely enough together", "one", "none"],
)
def test_otherwise_the_decision_stands(facts: tuple[tuple[str, float], ...], in_scope: float) -> None:
    decision = decided(*facts, in_scope=in_scope)
    assert asked_back(decision, TITLES) is decision


def test_without_a_title_a_fact_cannot_be_offered() -> None:
    decision = decided((FACTS[0], 0.29), (FACTS[1], 0.28))
    assert asked_back(decision, {FACTS[0]: "About it"}) is decision


@over(shares, st.lists(st.tuples(st.sampled_from(FACTS), shares), max_size=4, unique_by=lambda fact: fact[0]))
def test_invariants(in_scope: float, facts: list[tuple[str, float]]) -> None:
    before = decided(*sorted(facts, key=lambda fact: -fact[1]), in_scope=in_scope)
    now = asked_back(before, TITLES)
    if now.route is not Route.ASK:
        assert now is before
        return
    assert 2 <= len(now.options) <= 3
    assert now.options == now.candidates[: len(now.options)]
    assert now.in_scope >= now.threshold
    assert least_sure(now.options, len(now.options)) >= LEAST_OPTION
    assert (now.category != SAFETY, now.asked) == (True, 1)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("1", "order.address"),
        ("the second one", "account.address"),
        ("2.", "account.address"),
        ("order", "order.address"),
        ("of my account please", "account.address"),
        ("the one of the orders", "order.address"),
    ],
)
def test_an_answer_in_words(said: str, meant: str) -> None:
    assert chosen(said, OFFERED, ENGLISH) == meant


@pytest.mark.parametrize(
    "said",
    [
        "",
        "?!",
        "neither",
        "change the address",
        "both, order and account",
        "3",
        "first or second",
        "where is my parcel",
        "I placed an order last week and have now moved to another town",
    ],
)
def test_something_else_is_a_message_like_any_other(said: str) -> None:
    assert chosen(said, OFFERED, ENGLISH) is None


def test_without_rules_a_number_is_understood() -> None:
    assert chosen("2", OFFERED, None) == "account.address"
    assert chosen("account", OFFERED, None) is None


def test_a_button_is_known_by_its_words_alone() -> None:
    assert titled("change the address of an Order", OFFERED) == "order.address"
    assert titled("change the address of an order now", OFFERED) is None
