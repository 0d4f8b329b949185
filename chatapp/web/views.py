"""What the chat page's templates are given: one frozen dataclass a thing shown. The templates decide nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from chatapp.store import Exchange
from chatapp.turn import LiveTurn
from chatapp.web.render import dollars, markdown, seconds
from router.types import Mode, Route

ROUTE_WORDS = {
    Route.LOCAL: "answered here",
    Route.CLOUD: "asked the cloud",
    Route.ABSTAIN: "not answered",
}
RETRY_STATES = frozenset({"failed", "interrupted"})


@dataclass(frozen=True, slots=True)
class ModeView:
    """The mode as the bar shows it, long and short."""

    icon: str
    words: str
    short: str
    explanation: str


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A line under an answer. `trouble` is drawn with a warning sign, `retry` offers the message again."""

    text: str
    trouble: bool = False
    retry: bool = False


@dataclass(frozen=True, slots=True)
class SourceView:
    """An approved text, and where it stands: `Returns and refunds (returns.window)`.

    `rests`: the answer rests on it, it is no further reading. `said`: it is said in the answer word for word.
    """

    title: str
    text: str
    rests: bool
    said: bool


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn as the thread shows it. `state` is a turn's status, or deciding / answering while it runs."""

    id: int
    state: str
    user_text: str
    answer_text: str
    answer_html: Markup
    route: str
    route_words: str
    figures: tuple[str, ...]
    sources: tuple[SourceView, ...]
    notices: tuple[NoticeView, ...]
    feedback: int
    can_ask_cloud: bool

    @property
    def busy(self) -> bool:
        """Whether words may still come; `running` is a turn of another process, or one about to begin here."""
        return self.state in {"deciding", "answering", "running"}

    @property
    def waiting_words(self) -> str:
        """What is said before the first word."""
        if self.state in {"deciding", "running"}:
            return "Reading your message…"
        return "Asking the cloud model…" if self.route == Route.CLOUD else "Writing…"


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
    neighbours: tuple[Mapping[str, Any], ...]
    calls: tuple[Any, ...]


def mode_view(mode: Mode, cloud_connected: bool) -> ModeView:
    """The bar's words for what this deployment may do."""
    if mode is Mode.LOCAL_ONLY:
        return ModeView(
            "lock",
            "Local only: nothing leaves this machine",
            "Local only",
            "Every answer is made on this machine. Nothing you write leaves it.",
        )
    if cloud_connected:
        return ModeView(
            "hybrid",
            "Hybrid",
            "Hybrid",
            "Everyday questions are answered on this machine; unusual ones may be sent to a cloud model.",
        )
    return ModeView(
        "hybrid",
        "Hybrid, cloud not connected",
        "No cloud",
        "Everyday questions are answered on this machine. No cloud model is connected for the unusual ones.",
    )


def finished_view(exchange: Exchange, titles: Mapping[str, str], *, cloud_connected: bool) -> TurnView:
    """A stored turn; `titles` names the categories by key."""
    turn = exchange.turn
    route = turn.route or Route.ABSTAIN
    figures = [titles.get(turn.category, turn.category)] if turn.category and route is Route.LOCAL else []
    if turn.ttft_ms is not None and turn.total_ms is not None:
        figures += [f"first word {seconds(turn.ttft_ms)}", seconds(turn.total_ms)]
    if route is not Route.ABSTAIN:
        figures.append(dollars(exchange.cost_microusd))
    status = str(turn.status)
    return TurnView(
        id=turn.id,
        state=status,
        user_text=exchange.user_text,
        answer_text=exchange.answer_text,
        answer_html=markdown(exchange.answer_text),
        route=route.value,
        route_words="stopped" if status == "stopped" else _words(route, status),
        figures=tuple(figures),
        sources=_sources(exchange, titles),
        notices=_notices(turn.notices, status),
        feedback=exchange.feedback,
        can_ask_cloud=cloud_connected and route is not Route.CLOUD,
    )


def live_view(live: LiveTurn) -> TurnView:
    """A running turn, with what has come so far."""
    route = live.decision.route if live.decision else Route.ABSTAIN
    return TurnView(
        id=live.turn.id,
        state="answering" if live.decision else "deciding",
        user_text=live.user_text,
        answer_text=live.answer,
        answer_html=markdown(live.answer),
        route=route.value,
        route_words="",
        figures=(),
        sources=(),
        notices=(),
        feedback=0,
        can_ask_cloud=False,
    )


def why_view(exchange: Exchange, calls: tuple[Any, ...], titles: Mapping[str, str]) -> WhyView:
    """The stored decision of a turn in words and bars."""
    decision = exchange.turn.decision or {}
    meters: list[Meter] = []
    if decision:
        category = titles.get(decision["category"], decision["category"])
        meters.append(_meter(f"A question we cover ({category})", decision["in_scope"], decision["threshold"]))
        asked = decision.get("candidates", ())[: decision.get("asked", 1)]
        if asked:
            least = min(fact["probability"] for fact in asked)
            meters.append(_meter("An approved answer fits", least, decision["fact_threshold"]))
    return WhyView(
        reasons=tuple(r["text"] for r in decision.get("reasons", ()) if "text" in r),
        meters=tuple(meters),
        would_change=tuple(decision.get("would_change", ())),
        neighbours=tuple(n for n in decision.get("neighbours", ())[:3] if "text" in n),
        calls=calls,
    )


def _meter(name: str, value: float, threshold: float) -> Meter:
    words = f"{value:.0%} sure, {threshold:.0%} needed".replace("%", " %")
    return Meter(name, round(value * 100, 1), round(threshold * 100, 1), words)


def _words(route: Route, status: str) -> str:
    return "not answered" if status == "failed" else ROUTE_WORDS[route]


def _sources(exchange: Exchange, titles: Mapping[str, str]) -> tuple[SourceView, ...]:
    """The approved texts; of a deleted conversation none is left."""
    decision = exchange.turn.decision or {}
    rests = {fact["id"] for fact in decision.get("facts", ())[: decision.get("asked", 1)]}
    return tuple(
        SourceView(
            title=f"{titles.get(one['id'].split('.')[0], '')} ({one['id']})",
            text=one["text"],
            rests=one["id"] in rests,
            said=one["text"] in exchange.answer_text,
        )
        for one in exchange.turn.sources
        if "text" in one
    )


def _notices(notices: list[dict[str, Any]], status: str) -> tuple[NoticeView, ...]:
    shown = [NoticeView(n["text"]) for n in notices if n.get("text")]
    if status not in RETRY_STATES:
        return tuple(shown)
    if not shown:
        shown = [NoticeView("This answer was interrupted. Your message is kept.")]
    return (*shown[:-1], NoticeView(shown[-1].text, trouble=True, retry=True))
