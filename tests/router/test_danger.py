"""Danger is told before anything is routed: by the shipped model, and whatever stands around it."""

import numpy as np
import pytest

from router.danger import MOST_LINES, Danger, DangerModel, parts
from router.policy.explain import counterfactual
from router.policy.policy import Policy
from router.router import Router
from router.types import SAFETY, Circumstances, Decision, Mode, ReasonCode, Route
from tests.danger import DANGER, SAFE

CLOUD = Circumstances(Mode.HYBRID, cloud_connected=True)
LOCAL_ONLY = Circumstances(Mode.LOCAL_ONLY)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("i dont want to be here anymore", "self_harm"),
        ("my carbon monoxide alarm is going off in the tent", "fire_fumes"),
        ("my husband hits me and reads all my messages", "abuse"),
        ("she swallowed some of the stove fuel and cannot breathe well", "injury"),
        ("i will come to your store with a knife and hurt that girl at the till", "violence"),
        ("i'll do a chargeback", "legal"),
    ],
)
@pytest.mark.parametrize("around", [CLOUD, LOCAL_ONLY])
def test_each_kind_in_both_modes(router: Router, text: str, kind: str, around: Circumstances) -> None:
    decision = router.decide(text, ("where is my parcel",), around)
    assert (decision.category, decision.candidates[0].id) == (SAFETY, f"safety.{kind}")
    assert decision.route is (Route.ABSTAIN if kind == "legal" else Route.LOCAL)
    assert [reason.code for reason in decision.reasons] == [ReasonCode.SAFETY]
    assert decision.policy == router.policy.version
    assert Decision.from_json(decision.as_json()).candidates[0].id == f"safety.{kind}"


@pytest.mark.parametrize(
    "text",
    [
        "that is a killer price",
        "I'm dying to get these boots",
        "where is my parcel",
        "how do I charge the Lumo 400",
        "do you sell carbon monoxide alarms",
        "",
        "?!",
        "🙂",
    ],
)
def test_no_danger(router: Router, text: str) -> None:
    assert router.decide(text, (), CLOUD).category != SAFETY


def test_no_policy_changes_it(router: Router) -> None:
    strict = router.with_policy(Policy(dict.fromkeys(router.policy.thresholds, 1.0), 1.0))
    decision = strict.decide("my carbon monoxide alarm is going off in the tent", (), CLOUD)
    assert (decision.category, decision.route) == (SAFETY, Route.LOCAL)
    why = counterfactual(decision)
    assert (why.here, why.margins, why.elsewhere) == (True, (), {})
    assert why.texts == ("Nothing would: a message of danger is answered before any threshold, mode or cloud.",)


def test_danger_in_one_of_several_messages_is_found() -> None:
    others = "\n".join(f"I bought thing {number}." for number in range(MOST_LINES - 1))
    assert DANGER.find(f"{others}\nThere is fire.")[0] is not None
    assert DANGER.find(others)[0] is None


def test_what_is_read_is_the_whole_and_each_line() -> None:
    assert parts("One thing. Another") == ("One thing. Another",)
    assert parts("One.\n?!\nTwo! Three") == ("One.\n?!\nTwo! Three", "One.", "Two! Three")
    assert len(parts("\n".join("abcdefghijkl"))) == 1 + MOST_LINES


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_the_threshold_is_of_all_kinds_together_and_the_likeliest_is_named(threshold: float) -> None:
    model = DangerModel(("fire_fumes", "legal"), np.zeros((3, 2)), np.log([0.4, 0.25, 0.35]), threshold)
    danger = Danger(SAFE, model, lambda _: np.zeros(2, np.float32))
    kind, probability = danger.find("anything")
    assert probability == pytest.approx(0.6)
    assert (kind.key if kind else None) == ("legal" if threshold <= 0.6 else None)
