"""What each page's template is given: all of it, and nothing that it does not use. A test holds both."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from markupsafe import Markup

from chatapp.errors import Words
from chatapp.store import Conversation, Figures, Prices, TurnLine
from chatapp.web.views.deleted import DeletedView
from chatapp.web.views.mode import ModeView
from chatapp.web.views.sparkline import Sparkline
from chatapp.web.views.turn import TurnView


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """What `base.html` needs of every page."""

    template: ClassVar[str]
    """The file in `templates/` that this is for."""
    theme: str
    """"light" or "dark" where the browser chose one, else ""."""
    shop: str
    """The pack's title, which every page bears."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatContext(PageContext):
    """One user's conversation, complete without any script."""

    template: ClassVar[str] = "chat.html"
    title: str
    """The conversation's name."""
    conversation_id: str
    """Of the conversation that is shown, for its addresses."""
    conversations: tuple[Conversation, ...]
    """All of this user's that have a name, the last written to first, for the rail."""
    current: str
    """The id of the one to mark in the rail."""
    find: str
    """What the rail was searched for; "" lists all."""
    turns: tuple[TurnView, ...]
    """The thread, oldest first; none offers the starters."""
    mode: ModeView
    """What the bar says this deployment may do."""
    busy: bool
    """Whether an answer runs, which can be stopped."""
    starters: tuple[str, ...]
    """Questions of the pack to begin with."""
    contact: Markup
    """The way to a person."""
    deleted: DeletedView | None
    """What was deleted a moment ago, and can be brought back."""
    message_max_chars: int
    """Longest message, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpsContext(PageContext):
    """The figures of one period, and its latest turns."""

    template: ClassVar[str] = "ops.html"
    mode: ModeView
    """What the bar says this deployment may do."""
    period: str
    """The key of the period that is shown."""
    periods: Mapping[str, str]
    """Every period's words by its key, in the order of the page."""
    figures: Figures
    """By route, by category and in all."""
    sparklines: tuple[Sparkline, ...]
    """How the period went; none for all time."""
    titles: Mapping[str, str]
    """The pack's categories by key."""
    turns: tuple[TurnLine, ...]
    """The latest first, as the filter has them."""
    page_turns: int
    """How many turns a page holds; so many may have older ones behind them."""
    route: str
    """The route that turns are filtered by; "" for none."""
    category: str
    """The category that turns are filtered by; "" for none."""
    prices: Prices
    """What the cloud takes for a million tokens, in US dollars, by which savings are estimated."""
    hourly_usd: float
    """What our own computer costs an hour, in US dollars."""
    release: str
    """The id of the release that serves now."""
    policy: str
    """The version of the policy that it routes under now."""
    made_at: datetime
    """When the figures were read, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadContext(PageContext):
    """Any user's conversation, for the operator to read only."""

    template: ClassVar[str] = "ops_thread.html"
    mode: ModeView
    """What the bar says this deployment may do."""
    conversation_id: str
    """Of the conversation that is shown."""
    began_at: datetime | None
    """When its first message was stored, in UTC; None for one that nothing was written in."""
    turns: tuple[TurnView, ...]
    """The thread, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorContext(PageContext):
    """What went wrong, in the words of whoever reads it."""

    template: ClassVar[str] = "error.html"
    words: Words
    """What happened, and what to do."""
    detail: str
    """The cause, for the operator; "" for a customer."""
    person: Markup
    """The way to a person; empty where one would not help."""
    token_needed: bool
    """Whether to ask for the operator's token."""
