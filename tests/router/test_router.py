"""The router over the shipped pack: what it must get right, and that nothing throws it."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.router import Router
from router.types import Circumstances, Mode, ReasonCode, Route

CLOUD = Circumstances(Mode.HYBRID, cloud_connected=True)
LOCAL_ONLY = Circumstances(Mode.LOCAL_ONLY)
CLAIM = "my landlord kept my deposit, draft a claim for small claims court"


def test_a_question_of_the_shop_stays_here(router: Router) -> None:
    for around in (CLOUD, LOCAL_ONLY):
        decision = router.decide("where is my parcel, it was due monday", (), around)
        assert (decision.route, decision.category) == (Route.LOCAL, "order_status")
        assert decision.facts[0].id.startswith("order_status.")


def test_a_foreign_task_goes_to_the_cloud_or_is_declined(router: Router) -> None:
    assert router.decide(CLAIM, (), CLOUD).route is Route.CLOUD
    assert router.decide(CLAIM, (), LOCAL_ONLY).route is Route.ABSTAIN
    assert router.decide(CLAIM).reasons[-1].code is ReasonCode.CLOUD_NOT_CONNECTED


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("how do I return something", "returns"),
        ("how much is express delivery", "shipping"),
        ("I forgot my password", "account"),
        ("when are your stores open", "faq"),
        ("how warm is the Drift 0", "product_specs"),
        ("HOW DO I RETURN SOMETHING?!", "returns"),
    ],
)
def test_each_category(router: Router, text: str, category: str) -> None:
    decision = router.decide(text, (), CLOUD)
    assert (decision.route, decision.category) == (Route.LOCAL, category)
    assert not decision.needs_context


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01", "🙂", "?!", "asdf", "<p></p>", "\ud800"])
def test_nothing_to_answer(router: Router, text: str) -> None:
    assert router.decide(text, (), CLOUD).route is Route.CLOUD


@pytest.mark.parametrize(("text", "fact"), [("thanks!", "courtesy.thanks"), ("hi", "courtesy.hello")])
def test_courtesy_needs_no_cloud(router: Router, text: str, fact: str) -> None:
    decision = router.decide(text, ("where is my parcel",), CLOUD)
    assert (decision.route, decision.facts[0].id) == (Route.LOCAL, fact)


def test_two_questions_have_two_facts(router: Router) -> None:
    decision = router.decide("do you ship to Norway, and how do I reset my password?", (), CLOUD)
    assert (decision.route, decision.asked) == (Route.LOCAL, 2)
    assert [fact.id for fact in decision.facts] == ["shipping.uk_norway_switzerland", "account.forgot_password"]


def test_a_second_question_that_leans_is_not_given_a_fact_of_another_subject(router: Router) -> None:
    decision = router.decide("do you ship to Norway, and what does it cost?", (), CLOUD)
    assert [fact.id for fact in decision.facts[: decision.asked]] == ["shipping.uk_norway_switzerland"]


def test_one_question_beyond_us_sends_the_message_away(router: Router) -> None:
    text = "do you ship to Norway, and can you write me a poem about the fjords?"
    assert router.decide(text, (), CLOUD).route is Route.CLOUD


def test_the_starters_are_answered_here(router: Router) -> None:
    for text in router.pack.starters:
        assert router.decide(text, (), CLOUD).route is Route.LOCAL, text


def test_a_question_below_a_long_paste_counts(router: Router) -> None:
    paste = "Lorem ipsum dolor sit amet consectetur adipiscing elit. " * 400
    decision = router.decide(f"{paste}\nhow do I return something?", (), CLOUD)
    assert (decision.route, decision.category) == (Route.LOCAL, "returns")


def test_a_follow_up_is_read_with_the_message_before(router: Router) -> None:
    decision = router.decide("and the Drift 0?", ["how warm is the Loam 5"], CLOUD)
    assert decision.needs_context
    assert decision.facts[0].id == "product_specs.bag_temperature"
    assert decision.reasons[0].code is ReasonCode.FOLLOW_UP


def test_small_talk_stands_alone(router: Router) -> None:
    decision = router.decide("thanks", ["where is my parcel"], CLOUD)
    assert (decision.category, decision.needs_context) == ("courtesy", False)


def test_scores_are_probabilities(router: Router) -> None:
    scores = router.scores("where is my parcel")
    for value in (scores.confidence, scores.in_scope, scores.no_fact):
        assert 0 <= value <= 1
    assert sum(fact.probability for fact in scores.facts) + scores.no_fact <= 1 + 1e-9
    assert [n.similarity for n in scores.neighbours] == sorted((n.similarity for n in scores.neighbours), reverse=True)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.lists(st.text(max_size=30), max_size=3))
def test_any_text_gets_a_decision(router: Router, text: str, turns: list[str]) -> None:
    decision = router.decide(text, turns, CLOUD)
    assert decision.reasons
    assert decision == router.decide(text, turns, CLOUD)
    assert decision.as_json()["route"] == decision.route.value


def test_threads_agree(router: Router) -> None:
    texts = ["where is my parcel", "how do I return something", CLAIM, "", "and to Canada?"] * 10
    alone = [router.decide(text, ["how much is express"], CLOUD) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: router.decide(text, ["how much is express"], CLOUD), texts))
    assert alone == together


def test_it_is_quick(router: Router) -> None:
    """A bound for busy machines; `bench.support` gives the figure."""
    times = sorted(router.decide("where is my parcel, it was due monday").elapsed_ms for _ in range(50))
    assert times[len(times) // 2] < 50


def test_import_is_light() -> None:
    """Opening the library loads neither torch nor scikit-learn, and never the application."""
    code = "import sys, router.router; print([m for m in ('torch', 'sklearn', 'chatapp') if m in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
