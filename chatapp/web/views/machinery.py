"""How an answer was made, for the operator: in one line, and in reasons, meters and model calls behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from chatapp.store import Exchange
from chatapp.web.formatting.figures import dollars, seconds
from router.policy.policy import held_against
from router.types import Neighbour, Route, least_sure

ROUTE_WORDS = {
    Route.LOCAL: "answered here",
    Route.CLOUD: "asked the cloud",
    Route.ABSTAIN: "not answered",
    Route.ASK: "asked back",
}


@dataclass(frozen=True, slots=True)
class Machinery:
    """How an answer was made, in one line, and behind it; `because` is the inside where no script fetches it."""

    route_words: str
    figures: tuple[str, ...]
    because: Markup


@dataclass(frozen=True, slots=True)
class Meter:
    """A probability against what it was held to; percentages from 0 to 100."""

    name: str
    percent: float
    threshold_percent: float | None
    words: str


@dataclass(frozen=True, slots=True)
class WhyView:
    """The reasons behind one answer."""

    reasons: tuple[str, ...]
    meters: tuple[Meter, ...]
    would_change: tuple[str, ...]
    neighbours: tuple[Neighbour, ...]
    calls: tuple[Any, ...]


def machinery(exchange: Exchange, route: Route, titles: Mapping[str, str], because: Markup) -> Machinery:
    """The one line of a stored turn; `route` is who answered it."""
    turn, status = exchange.turn, str(exchange.turn.status)
    figures = [titles.get(turn.category, turn.category)] if turn.category and route is Route.LOCAL else []
    if turn.ttft_ms is not None and turn.total_ms is not None:
        figures += [f"first word {seconds(turn.ttft_ms)}", seconds(turn.total_ms)]
    if route is not Route.ABSTAIN:
        figures.append(dollars(exchange.cost_microusd))
    words = {"stopped": "stopped", "failed": "not answered"}.get(status, ROUTE_WORDS[route])
    return Machinery(words, tuple(figures), because)


def why_view(exchange: Exchange, calls: tuple[Any, ...], titles: Mapping[str, str]) -> WhyView:
    """The stored decision of a turn in words and bars."""
    decision = exchange.turn.decision
    if decision is None:
        return WhyView((), (), (), (), calls)
    category = titles.get(decision.category, decision.category)
    meters = [_meter(f"In scope ({category})", decision.in_scope, decision.threshold)]
    if decision.candidates:
        least = least_sure(decision.candidates, decision.asked)
        meters.append(_meter("An approved answer fits", least, decision.fact_threshold))
    return WhyView(
        reasons=tuple(reason.text for reason in decision.reasons if reason.text),
        meters=tuple(meters),
        would_change=exchange.turn.would_change,
        neighbours=tuple(near for near in decision.neighbours[:3] if near.text),
        calls=calls,
    )


def _meter(name: str, value: float, threshold: float) -> Meter:
    return Meter(name, round(value * 100, 1), round(threshold * 100, 1), held_against(value, threshold))
