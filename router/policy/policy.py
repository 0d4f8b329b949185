"""The policy: scores and circumstances in, a decision with reasons out. Pure; the only place that routes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor

from router.errors import PolicyError
from router.types import Circumstances, Decision, Mode, Reason, ReasonCode, Route, ScoredFact, Scores, least_sure

MAX_FACTS = 3


@dataclass(frozen=True)
class Policy:
    """The thresholds: `thresholds` for `in_scope` by category, one `fact_threshold` for the best fact, and an
    `answer_threshold` for the probability that the local model answers well, 0 where that is not used.

    Raises PolicyError when a threshold is not from 0 to 1.
    """

    thresholds: Mapping[str, float]
    fact_threshold: float
    answer_threshold: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (*self.thresholds.items(), *_own_thresholds(self)):
            if not 0 <= value <= 1:
                raise PolicyError(f"The threshold of {name!r} is {value!r}.", "Give a number from 0 to 1.")

    @cached_property
    def version(self) -> str:
        """A short hash of the contents: equal policies have equal versions."""
        contents = [sorted(self.thresholds.items()), self.fact_threshold]
        contents += [self.answer_threshold] if self.answer_threshold else []
        return hashlib.sha256(json.dumps(contents).encode()).hexdigest()[:8]

    def threshold(self, category: str) -> float:
        """The in-scope threshold of a category. Raises PolicyError when the policy does not know it."""
        if category not in self.thresholds:
            known = ", ".join(sorted(self.thresholds))
            raise PolicyError(f"The policy has no threshold for {category!r}.", f"It knows: {known}. Calibrate again.")
        return self.thresholds[category]


def decide(scores: Scores, policy: Policy, circumstances: Circumstances) -> Decision:
    """Route one message.

    - LOCAL only if `in_scope` reaches its category's threshold and the best fact reaches the fact threshold.
    - Not LOCAL if the chance that the local model answers well is known and under the answer threshold.
    - Otherwise CLOUD only in hybrid mode with a cloud connected; else ABSTAIN.
    - More in-scope or fact probability, or chance of a good answer, never turns LOCAL into something else.
    - A LOCAL decision has one to three facts, any other has none; there is always a reason.
    """
    threshold = policy.threshold(scores.category)
    in_scope = scores.in_scope >= threshold
    facts = _chosen(scores, policy.fact_threshold) if in_scope else ()
    weak = bool(facts) and scores.answers_well is not None and scores.answers_well < policy.answer_threshold
    reasons = _reasons(scores, policy, threshold)
    if weak:
        facts, reasons = (), (*reasons, _weak_reason(scores.answers_well or 0.0, policy.answer_threshold))
    if facts:
        route = Route.LOCAL
    elif circumstances.mode is Mode.HYBRID and circumstances.cloud_connected:
        route = Route.CLOUD
    else:
        route = Route.ABSTAIN
        reasons = (*reasons, _no_cloud(circumstances))
    return Decision(
        route=route,
        mode=circumstances.mode,
        category=scores.category,
        confidence=scores.confidence,
        in_scope=scores.in_scope,
        threshold=threshold,
        fact_threshold=policy.fact_threshold,
        facts=facts,
        neighbours=scores.neighbours,
        reasons=reasons,
        policy=policy.version,
        candidates=scores.facts[:MAX_FACTS],
        needs_context=scores.needs_context,
        no_fact=scores.no_fact,
        answers_well=scores.answers_well,
        answer_threshold=policy.answer_threshold,
        asked=scores.asked,
    )


def _chosen(scores: Scores, threshold: float) -> tuple[ScoredFact, ...]:
    """The facts to answer with. Several questions: one fact each, if all reach the threshold. A single question: every
    fact that reaches it and is at least half as likely as the best.
    """
    if not scores.facts or least_sure(scores.facts, scores.asked) < threshold:
        return ()
    if scores.asked > 1:
        return scores.facts[: scores.asked]
    likely = (fact for fact in scores.facts if fact.probability >= max(threshold, scores.facts[0].probability / 2))
    return tuple(likely)[:MAX_FACTS]


def _reasons(scores: Scores, policy: Policy, threshold: float) -> tuple[Reason, ...]:
    reasons = [_scope_reason(scores, threshold)]
    if scores.needs_context:
        reasons.insert(0, Reason(ReasonCode.FOLLOW_UP, "Read together with the message before it."))
    if scores.in_scope >= threshold:
        reasons.append(_fact_reason(scores, policy.fact_threshold))
    return tuple(reasons)


def _scope_reason(scores: Scores, threshold: float) -> Reason:
    sure = held_against(scores.in_scope, threshold)
    if scores.in_scope >= threshold:
        topic = scores.category.replace("_", " ")
        return Reason(ReasonCode.IN_SCOPE, f"This reads like a question about {topic} ({sure}).")
    text = f"This does not read like a question that is answered here ({sure})."
    return Reason(ReasonCode.OUT_OF_SCOPE, text)


def _fact_reason(scores: Scores, threshold: float) -> Reason:
    best = least_sure(scores.facts, scores.asked)
    if scores.facts and best >= threshold:
        fits = "An approved answer fits" if scores.asked == 1 else "An approved answer fits each of the questions"
        return Reason(ReasonCode.FACT_FOUND, f"{fits} ({held_against(best, threshold)}).")
    shown = f"best {floor(best * 100)} %; {ceil(threshold * 100)} % is needed"
    text = f"No approved answer fits well enough ({shown})."
    return Reason(ReasonCode.NO_FACT, text)


def _weak_reason(chance: float, threshold: float) -> Reason:
    shown = f"{floor(chance * 100)} % likely to go well; {ceil(threshold * 100)} % is needed"
    return Reason(ReasonCode.WEAK_LOCALLY, f"The local model has done poorly on messages like this ({shown}).")


def _own_thresholds(policy: Policy) -> tuple[tuple[str, float], ...]:
    """The thresholds that belong to no category, by name."""
    return ("fact_threshold", policy.fact_threshold), ("answer_threshold", policy.answer_threshold)


def held_against(value: float, threshold: float) -> str:
    """Both as whole percentages, rounded so that the figures shown never contradict the outcome."""
    if value >= threshold:
        return f"{floor(value * 100)} % sure; {floor(threshold * 100)} % is enough"
    return f"{floor(value * 100)} % sure; {ceil(threshold * 100)} % is needed"


def _no_cloud(circumstances: Circumstances) -> Reason:
    if circumstances.mode is Mode.LOCAL_ONLY:
        text = "This deployment answers on our own computers only, so the cloud was not asked."
        return Reason(ReasonCode.CLOUD_NOT_ALLOWED, text)
    return Reason(ReasonCode.CLOUD_NOT_CONNECTED, "No cloud model is connected, so none was asked.")
