"""What would have changed a decision. Pure: computed from the decision alone, live or from a log."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from router.plain import plain, plain_fields
from router.types import OUT_OF_SCOPE_LABEL, SAFETY, Decision, Mode, Route, ScoredFact, least_sure

_STEP = Decimal("0.001")
_SAFE = "Nothing would: a message of danger is answered before any threshold, mode or cloud."


@dataclass(frozen=True, slots=True)
class Margin:
    """One probability and the threshold it was held against; `name` is in_scope, best_fact or answers_well.

    `flips_at` is the threshold, to a thousandth, at which the message would have been answered locally
    instead of not, or the reverse, all else equal; None where this threshold alone cannot do it.
    """

    name: str
    value: float
    threshold: float
    flips_at: float | None

    @property
    def margin(self) -> float:
        """Distance above the threshold; negative when it is not reached."""
        return self.value - self.threshold


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What would have changed one decision.

    `here`: whether the scores alone call for a local answer. It differs from the route if the user asked for the cloud,
    or the local answer was escalated. `margins` are those that it depends on. `elsewhere` maps circumstances that would
    have changed the route to the route they lead to. `runner_up` is the likeliest fact
    beside those that answer, `other_category` the next category in question (`out_of_scope` for none of the pack's), by
    the facts and then by the nearest examples. `texts` says it all in sentences.
    """

    here: bool
    margins: tuple[Margin, ...]
    elsewhere: dict[str, Route]
    runner_up: ScoredFact | None
    other_category: str | None
    texts: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON-ready data; each of the margins carries its `margin`."""
        margins = [plain(part) | {"margin": round(part.margin, 4)} for part in self.margins]
        return {**plain_fields(self), "margins": margins}


def counterfactual(decision: Decision) -> Counterfactual:
    """Compute it.

    - Deciding again with a `flips_at` in place of that threshold gives the other of "here" and "not here".
    - `elsewhere` never holds the route taken.
    """
    if decision.category == SAFETY:
        return Counterfactual(decision.route is Route.LOCAL, (), {}, None, None, (_SAFE,))
    facts = decision.candidates or decision.facts
    held = _held(decision, facts)
    here = bool(facts) and all(value >= threshold for _, value, threshold in held)
    margins = tuple(Margin(*part, _flip(part, held, here, bool(facts))) for part in held)
    elsewhere = {} if here else _elsewhere(decision.route)
    other, second = _other_category(decision), facts[decision.asked] if len(facts) > decision.asked else None
    texts = (
        *_threshold_texts(decision, margins, here, bool(facts)),
        *_circumstance_texts(decision, elsewhere),
        *_runner_up_texts(second, other),
    )
    return Counterfactual(here, margins, elsewhere, second, other, texts)


_Held = tuple[str, float, float]


def _held(decision: Decision, facts: Sequence[ScoredFact]) -> tuple[_Held, ...]:
    """Name, probability and threshold of all that a local answer needs."""
    held = (
        ("in_scope", decision.in_scope, decision.threshold),
        ("best_fact", least_sure(facts, decision.asked), decision.fact_threshold),
    )
    if decision.answers_well is None:
        return held
    return (*held, ("answers_well", decision.answers_well, decision.answer_threshold))


def _flip(part: _Held, held: Sequence[_Held], here: bool, known: bool) -> float | None:
    """The nearest thousandth that changes the outcome: above the value if it was kept local, else at most the value."""
    _, value, threshold = part
    if here:
        return _above(value)
    others_hold = all(v >= t for name, v, t in held if name != part[0])
    return float(_floor(value)) if known and others_hold and value < threshold else None


def _above(value: float) -> float | None:
    above = _floor(value) + _STEP
    if float(above) <= value:  # the decimal rounds to the very same float
        above += _STEP
    return float(above) if above <= 1 else None


def _floor(value: float) -> Decimal:
    return Decimal(value).quantize(_STEP, ROUND_FLOOR)


def _elsewhere(taken: Route) -> dict[str, Route]:
    """The routes of a message that is not answered locally, by circumstance, without the route taken."""
    away = {"hybrid, cloud connected": Route.CLOUD, "hybrid, no cloud": Route.ABSTAIN, "local-only": Route.ABSTAIN}
    return {name: route for name, route in away.items() if route is not taken}


def _other_category(decision: Decision) -> str | None:
    facts = (fact.id.split(".", 1)[0] for fact in decision.candidates)
    near = (neighbour.label for neighbour in decision.neighbours)
    return next((name for name in (*facts, *near) if name != decision.category), None)


def _threshold_texts(decision: Decision, margins: Sequence[Margin], here: bool, known: bool) -> tuple[str, ...]:
    names = {
        "in_scope": f"in-scope threshold of {_words(decision.category)}",
        "best_fact": "fact threshold",
        "answers_well": "answer threshold",
    }
    if here:
        asked = () if decision.route is Route.LOCAL else ("By its scores alone it would have been answered here.",)
        return (*asked, *(_away(names[margin.name], margin) for margin in margins))
    if not known:
        return ("No threshold would have had it answered here: no fact was found.",)
    single = tuple(_kept(names[m.name], m.flips_at, m.threshold) for m in margins if m.flips_at is not None)
    if single:
        return single
    short = ", ".join(f"the {names[m.name]} to {_floor(m.value) * 100:.1f} %" for m in margins if m.margin < 0)
    return (f"No single threshold would have had it answered here; all of these would have to be lowered: {short}.",)


def _away(name: str, margin: Margin) -> str:
    if margin.flips_at is None:
        return f"No {name} would have kept it from being answered here."
    at, now = _percent(margin.flips_at), _percent(margin.threshold)
    return f"With the {name} at {at} or more it would not have been answered here (it is {now})."


def _kept(name: str, flips_at: float, threshold: float) -> str:
    at, now = _percent(flips_at), _percent(threshold)
    return f"With the {name} at {at} or less it would have been answered here (it is {now})."


def _circumstance_texts(decision: Decision, elsewhere: dict[str, Route]) -> tuple[str, ...]:
    if decision.route is Route.LOCAL:
        return ("Mode and cloud make no difference: it is answered here in any case.",)
    if not elsewhere:
        return ()
    if decision.route is Route.CLOUD:
        return ("In local-only mode, or with no cloud connected, it would not have been answered.",)
    change = "With a cloud connected" if decision.mode is Mode.HYBRID else "In hybrid mode, with a cloud connected,"
    return (f"{change} it would have gone to the cloud.",)


def _runner_up_texts(second: ScoredFact | None, other: str | None) -> tuple[str, ...]:
    fact = (f"The next fact is {second.id} ({_percent(second.probability)}).",) if second else ()
    if other == OUT_OF_SCOPE_LABEL:
        return (*fact, "A near example is out of scope.")
    return (*fact, f"The next category is {_words(other)}.") if other else fact


def _words(key: str) -> str:
    return key.replace("_", " ")


def _percent(value: float) -> str:
    return f"{value * 100:.1f} %"
