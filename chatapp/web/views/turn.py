"""A turn as the thread shows it, stored or running."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from chatapp.store import Exchange
from chatapp.store.notices import NoticeCode
from chatapp.turn.events import Notice, Reader
from chatapp.turn.live import LiveTurn
from chatapp.web.formatting.markdown import markdown
from chatapp.web.views.machinery import Machinery, machinery
from chatapp.web.views.notices import RETRY_STATES, NoticeView, notice_views
from chatapp.web.views.person import way_to_a_person
from chatapp.web.views.sources import SourceView
from language import Language
from router.types import Route

NOTHING = Markup()

WHO_WORDS = {
    Route.LOCAL: "Answered by our own assistant, an AI",
    Route.CLOUD: "Answered with an outside AI service",
    Route.ABSTAIN: "",
}
WAITING_WORDS = {
    "queued": "Your message waits for the answer before it.",
    "running": "Reading your message…",
    "joined": "Answered together with your next message.",
}
"""What is said of a stored turn without words of its own, by its status."""


@dataclass(frozen=True, slots=True)
class Thread:
    """Who reads a thread, and what of the deployment its turns are shown with."""

    reader: Reader
    titles: Mapping[str, str]
    contact: str
    cloud_connected: bool
    language: Language | None
    read_only: bool = False


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
        answer_html=markdown(exchange.answer_text, thread.language),
        route=route.value,
        who=_who(route, status, bool(exchange.answer_text)),
        machinery=machinery(exchange, route, thread.titles, because) if thread.reader is Reader.OPERATOR else None,
        sources=sources,
        notices=notice_views(turn.notices, status, thread.reader),
        person=way_to_a_person(thread.contact) if status in RETRY_STATES else NOTHING,
        feedback=exchange.feedback,
        can_ask_cloud=thread.cloud_connected and route is not Route.CLOUD,
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


def _who(route: Route, status: str, answered: bool) -> str:
    if status == "stopped":
        return f"{WHO_WORDS[route]}, and stopped before its end" if answered else ""
    return WHO_WORDS[route] if answered and status != "abstained" else ""
