"""A turn as the thread shows it, stored or running."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from chatapp.store import Exchange, Turn
from chatapp.store.notices import NoticeCode
from chatapp.turn.events import Notice, Reader
from chatapp.turn.live import LiveTurn
from chatapp.web.formatting.markdown import markdown
from chatapp.web.views.machinery import Machinery, machinery
from chatapp.web.views.notices import RETRY_STATES, NoticeView, notice_views
from chatapp.web.views.person import way_to_a_person
from chatapp.web.views.sources import SourceView
from language import Language
from router.types import SAFETY, Route

NOTHING = Markup()

WHO_WORDS = {
    Route.LOCAL: "Answered by our own assistant, an AI",
    Route.CLOUD: "Answered with an outside AI service",
    Route.ABSTAIN: "",
    Route.ASK: "",
}
WAITING_WORDS = {
    "queued": "Your message waits for the answer before it.",
    "running": "Reading your message…",
    "joined": "Answered together with your next message.",
}
"""What is said of a stored turn without words of its own, by its status."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Who reads a thread, and what of the deployment its turns are shown with.

    `titles` are those of categories by key, `answers` those of facts by id; `helplines` the numbers, as they are
    written, that can be called from an answer to danger.
    """

    reader: Reader
    titles: Mapping[str, str]
    contact: str
    cloud_connected: bool
    language: Language | None
    answers: Mapping[str, str] = field(default_factory=dict)
    helplines: frozenset[str] = frozenset()
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn as the thread shows it. `state` is a turn's status, or deciding / answering while it runs.

    `machinery` is None in a customer's view. `person` is the way to a person, where nobody else answered. `options` are
    the words of the buttons where it is asked back; `danger` marks an answer to danger, which no model words and nobody
    rates. A thread that is `read_only` offers nothing to do.
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
    options: tuple[str, ...] = ()
    danger: bool = False
    read_only: bool = False
    waiting_words: str = ""

    @property
    def busy(self) -> bool:
        """Whether words may still come; `running` is a turn of another process, or one about to begin here."""
        return self.state in {"deciding", "answering", "running", "queued"}

    @property
    def rateable(self) -> bool:
        """Whether somebody may say if it was helpful: not where there is none, nor of a question, nor of danger."""
        return bool(self.answer_text) and self.state != "abstained" and not (self.options or self.danger)


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
        answer_html=markdown(_with_helplines(exchange, thread), thread.language),
        route=route.value,
        who="" if turn.category == SAFETY else _who(route, status, bool(exchange.answer_text)),
        machinery=machinery(exchange, route, thread.titles, because) if thread.reader is Reader.OPERATOR else None,
        sources=sources,
        notices=notice_views(turn.notices, status, thread.reader),
        person=way_to_a_person(thread.contact) if status in RETRY_STATES else NOTHING,
        feedback=exchange.feedback,
        can_ask_cloud=thread.cloud_connected and route is not Route.CLOUD and turn.category != SAFETY,
        options=_options(turn, thread.answers),
        danger=turn.category == SAFETY,
        read_only=thread.read_only,
        waiting_words=WAITING_WORDS.get(status, ""),
    )


def live_view(live: LiveTurn, reader: Reader, language: Language | None) -> TurnView:
    """A running turn, with what has come so far."""
    route = live.route or Route.ABSTAIN
    return TurnView(
        id=live.turn.id,
        state="answering" if live.route else "deciding",
        user_text=live.turn.user_text,
        answer_text=live.answer,
        answer_html=markdown(live.answer, language),
        route=route.value,
        options=live.options,
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


def _with_helplines(exchange: Exchange, thread: Thread) -> str:
    """The answer's Markdown. Under danger every number can be called; elsewhere a number of three digits is none."""
    if exchange.turn.category != SAFETY or not thread.helplines:
        return exchange.answer_text
    longest_first = sorted(thread.helplines, key=len, reverse=True)
    number = re.compile(rf"(?<!\d)(?:{'|'.join(map(re.escape, longest_first))})(?!\d)")
    return number.sub(lambda found: f"[{found[0]}](tel:{found[0].replace(' ', '')})", exchange.answer_text)


def _options(turn: Turn, titles: Mapping[str, str]) -> tuple[str, ...]:
    offered = turn.decision.options if turn.decision and turn.route is Route.ASK else ()
    return tuple(titles[fact.id] for fact in offered if fact.id in titles)


def _who(route: Route, status: str, answered: bool) -> str:
    if status == "stopped":
        return f"{WHO_WORDS[route]}, and stopped before its end" if answered else ""
    return WHO_WORDS[route] if answered and status != "abstained" else ""
