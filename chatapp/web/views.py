"""What the chat page's templates are given: one frozen dataclass a thing shown. The templates decide nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from chatapp.errors import words_for
from chatapp.store import Exchange
from chatapp.store.notices import NoticeCode, notes_of
from chatapp.turn.events import Notice, Reader
from chatapp.turn.live import LiveTurn
from chatapp.turn.notices import customer_notices
from chatapp.web.formatting.markdown import dollars, markdown, seconds
from chatapp.web.sources import SourceView
from router.policy.policy import held_against
from router.types import Mode, Neighbour, Route, least_sure

ROUTE_WORDS = {
    Route.LOCAL: "answered here",
    Route.CLOUD: "asked the cloud",
    Route.ABSTAIN: "not answered",
}
WHO_WORDS = {
    Route.LOCAL: "Answered by our own assistant, an AI",
    Route.CLOUD: "Answered with an outside AI service",
    Route.ABSTAIN: "",
}
NOTHING = Markup()
WAITING_WORDS = {
    "queued": "Your message waits for the answer before it.",
    "running": "Reading your message…",
    "joined": "Answered together with your next message.",
}
"""What is said of a stored turn without words of its own, by its status."""

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
    """A line under an answer. `trouble` is drawn with a warning sign, `retry` offers the message again.

    `detail` is for the operator, and empty for a customer.
    """

    text: str
    trouble: bool = False
    retry: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Machinery:
    """How an answer was made, in one line, and behind it; `because` is the inside where no script fetches it."""

    route_words: str
    figures: tuple[str, ...]
    because: Markup


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn as the thread shows it. `state` is a turn's status, or deciding / answering while it runs.

    `machinery` is None in a customer's view. `person` is the way to a person, where nobody else answered. A thread
    that is `read_only` offers nothing to do.
    """

    id: int
    state: str
    user_text: str
    answer_text: str
    answer_html: Markup
    route: str
    who: str = ""
    machinery: Machinery | None = None
    sources: tuple[SourceView, ...] = ()
    notices: tuple[NoticeView, ...] = ()
    person: Markup = NOTHING
    feedback: int = 0
    can_ask_cloud: bool = False
    read_only: bool = False
    waiting_words: str = ""

    @property
    def busy(self) -> bool:
        """Whether words may still come; `running` is a turn of another process, or one about to begin here."""
        return self.state in {"deciding", "answering", "running", "queued"}

    @property
    def rateable(self) -> bool:
        """Whether somebody may say if it was helpful: not of an answer that there is none."""
        return bool(self.answer_text) and self.state != "abstained"


@dataclass(frozen=True, slots=True)
class Thread:
    """Who reads a thread, and what of the deployment its turns are shown with."""

    reader: Reader
    titles: Mapping[str, str]
    contact: str
    cloud_connected: bool
    read_only: bool = False


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


def mode_view(mode: Mode, cloud_connected: bool, reader: Reader) -> ModeView:
    """The bar's words for what this deployment may do."""
    if mode is Mode.LOCAL_ONLY:
        explanation = "Every answer is made on our own computers. Nothing that you write leaves them."
        return ModeView("lock", "Local only: nothing leaves our own computers", "Local only", explanation)
    if cloud_connected:
        explanation = (
            "Everyday questions are answered on our own computers; unusual ones may be sent to an outside AI service."
        )
        return _hybrid("Hybrid", "Hybrid", explanation, reader)
    explanation = "Every answer is made on our own computers. What we cannot answer there, a person can."
    return _hybrid("Hybrid, cloud not connected", "No cloud", explanation, reader)


def _hybrid(words: str, short: str, explanation: str, reader: Reader) -> ModeView:
    """A customer need not know what the mode is called, but that an AI answers."""
    if reader is Reader.CUSTOMER:
        words = short = "AI assistant"
    return ModeView("hybrid", words, short, explanation)


def finished_view(
    exchange: Exchange, sources: tuple[SourceView, ...], thread: Thread, because: Markup = NOTHING
) -> TurnView:
    """A stored turn with the approved texts under it and, for the operator, `because` behind it."""
    turn = exchange.turn
    route, status = turn.route or Route.ABSTAIN, str(turn.status)
    return TurnView(
        id=turn.id,
        state=status,
        user_text=exchange.user_text,
        answer_text=exchange.answer_text,
        answer_html=markdown(exchange.answer_text),
        route=route.value,
        who=_who(route, status, bool(exchange.answer_text)),
        machinery=_machinery(exchange, route, thread, because) if thread.reader is Reader.OPERATOR else None,
        sources=sources,
        notices=_notices(turn.notices, status, thread.reader),
        person=way_to_a_person(thread.contact) if status in RETRY_STATES else NOTHING,
        feedback=exchange.feedback,
        can_ask_cloud=thread.cloud_connected and route is not Route.CLOUD,
        read_only=thread.read_only,
        waiting_words=WAITING_WORDS.get(status, ""),
    )


def live_view(live: LiveTurn, reader: Reader) -> TurnView:
    """A running turn, with what has come so far."""
    route = live.route or Route.ABSTAIN
    return TurnView(
        id=live.turn.id,
        state="answering" if live.route else "deciding",
        user_text=live.turn.user_text,
        answer_text=live.answer,
        answer_html=markdown(live.answer),
        route=route.value,
        waiting_words=_waiting_words(live, reader),
    )


def _waiting_words(live: LiveTurn, reader: Reader) -> str:
    """What is said before the first word."""
    if live.route is None:
        return "Reading your message…"
    places = [event.text for event in live.events if isinstance(event, Notice) and event.code == NoticeCode.QUEUED]
    if places and not live.answer:
        return f"{places[-1]} It begins as soon as they are done."
    if live.route is not Route.CLOUD:
        return "Writing…"
    return "Asking an outside AI service…" if reader is Reader.CUSTOMER else "Asking the cloud model…"


def person_line(contact: str) -> Markup:
    """The way to a person, with telephone numbers and addresses as links."""
    return markdown(contact[:1].upper() + contact[1:])


def way_to_a_person(contact: str) -> Markup:
    """The same where nobody else answered."""
    return markdown(f"A person can help: {contact}")


def why_view(exchange: Exchange, calls: tuple[Any, ...], titles: Mapping[str, str]) -> WhyView:
    """The stored decision of a turn in words and bars."""
    decision = exchange.turn.decision
    if decision is None:
        return WhyView((), (), (), (), calls)
    category = titles.get(decision.category, decision.category)
    meters = [_meter(f"A question we cover ({category})", decision.in_scope, decision.threshold)]
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


def _machinery(exchange: Exchange, route: Route, thread: Thread, because: Markup) -> Machinery:
    turn, status = exchange.turn, str(exchange.turn.status)
    figures = [thread.titles.get(turn.category, turn.category)] if turn.category and route is Route.LOCAL else []
    if turn.ttft_ms is not None and turn.total_ms is not None:
        figures += [f"first word {seconds(turn.ttft_ms)}", seconds(turn.total_ms)]
    if route is not Route.ABSTAIN:
        figures.append(dollars(exchange.cost_microusd))
    words = {"stopped": "stopped", "failed": "not answered"}.get(status, ROUTE_WORDS[route])
    return Machinery(words, tuple(figures), because)


def _who(route: Route, status: str, answered: bool) -> str:
    if status == "stopped":
        return f"{WHO_WORDS[route]}, and stopped before its end" if answered else ""
    return WHO_WORDS[route] if answered and status != "abstained" else ""


def _notices(notices: list[dict[str, Any]], status: str, reader: Reader) -> tuple[NoticeView, ...]:
    """A failure stands last, with a way to try again."""
    shown = _told(notices) if reader is Reader.CUSTOMER else _whole(notices)
    if status not in RETRY_STATES:
        return tuple(shown)
    if not shown:
        shown = [NoticeView("This answer was interrupted. Your message is kept.")]
    return (*shown[:-1], replace(shown[-1], trouble=True, retry=True))


def _told(notices: list[dict[str, Any]]) -> list[NoticeView]:
    return [NoticeView(one["text"]) for one in customer_notices(notes_of(notices))]


def _whole(notices: list[dict[str, Any]]) -> list[NoticeView]:
    """What the customer reads of a failure, and what stands behind it."""
    shown = []
    for note in (one for one in notes_of(notices) if one.text):
        words, text, detail = words_for(note.code), note.text, note.detail
        if words and not detail:  # of an earlier release, which kept the operator's words alone
            text, detail = words.text, text
        shown.append(NoticeView(text, detail=detail))
    return shown
