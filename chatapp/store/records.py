"""What the store's methods take and return: frozen values, free of any session.

Times are aware and in UTC, durations float milliseconds (`_ms`), money integer micro-dollars (`_microusd`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from chatapp.store.models import TurnStatus
from router.types import Decision, Mode, Route


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation. `summary` covers its messages up to the turn `summary_through`; 0 is none."""

    id: str
    user_id: str
    title: str
    created_at: datetime
    updated_at: datetime
    summary: str
    summary_through: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One try at answering one message.

    `route`, `category` and `decision` are None until routed; `would_change` says what would have changed the decision.
    `again_of` is the first try's id, None for a first try.
    `sources` are `{"id", "text", "probability"}`, `notices` `{"code", "text"}` and, for the operator alone, `detail`.
    `resent` is true only where `Turns.begin` met a `client_id` again: that turn runs, or has run, already, and must
    not be run twice.
    `user_text` is what the user wrote, `asked_text` all that the turn answers: with it the messages of the turns that
    are `joined_into` this one, in order, a line each. Both are empty once the conversation is deleted.
    """

    id: int
    conversation_id: str
    again_of: int | None
    status: TurnStatus
    superseded: bool
    requested_route: Route | None
    route: Route | None
    category: str | None
    decision: Decision | None
    would_change: tuple[str, ...]
    sources: list[dict[str, Any]]
    policy_version: str | None
    mode: Mode
    notices: list[dict[str, Any]]
    error_code: str | None
    created_at: datetime
    routing_ms: float | None
    ttft_ms: float | None
    total_ms: float | None
    owner: str | None
    joined_into: int | None
    user_text: str
    asked_text: str
    resent: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message and the try that stands for it. `feedback` is +1, -1, or 0 for none; cost is of all calls."""

    turn: Turn
    answer_text: str
    cost_microusd: int
    feedback: int

    @property
    def user_text(self) -> str:
        """What was asked."""
        return self.turn.user_text


class Past(NamedTuple):
    """A finished exchange as a prompt needs it."""

    turn_id: int
    user_text: str
    answer_text: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call of a model: `purpose` and `outcome` are the values of `models.Purpose` and `models.Outcome`.

    `cached_tokens` is part of `input_tokens`; `ttft_ms` is None if no token came.
    """

    turn_id: int
    conversation_id: str
    purpose: str
    route: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_microusd: int
    total_ms: float
    outcome: str
    ttft_ms: float | None = None
    cached_tokens: int = 0
    estimated: bool = False
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that was begun and never ended. `answer_text` is what was saved of its answer, "" for none."""

    id: int
    record: CallRecord
    answer_text: str


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the routing policy: what it says, and who set it when and why."""

    version: str
    content: dict[str, Any]
    created_at: datetime
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Prices:
    """What the cloud charges, in US dollars per million tokens, which is micro-dollars a token."""

    input_usd: float
    output_usd: float


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Exact quantiles in milliseconds, linear between neighbouring values."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Figure:
    """The figures of one group of turns; `name` is a route, a category, `unrouted` or `total`.

    `share` is of all turns, `error_rate` failed turns by turns, both 0 to 1. `tokens_per_s` is over answers:
    the tokens after the first, by the time after the first. `saved_microusd` is an estimate; see `FigureBook.between`.
    None where nothing was measured.
    """

    name: str
    turns: int
    share: float
    error_rate: float
    ttft: Quantiles | None
    total: Quantiles | None
    tokens_per_s: float | None
    cost_microusd: int
    saved_microusd: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The operator's figures, each group by its number of turns, most first."""

    total: Figure
    routes: tuple[Figure, ...]
    categories: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class TurnLine:
    """A turn for the operator's list, with the cost of all its calls."""

    turn: Turn
    cost_microusd: int

    @property
    def excerpt(self) -> str:
        """The first 160 characters of what was asked, empty once deleted."""
        return self.turn.user_text[:160]


@dataclass(frozen=True, slots=True)
class Bucket:
    """One step of a timeline, from `start` on. `turns` counts by route."""

    start: datetime
    turns: dict[str, int] = field(default_factory=dict)
    p95_total_ms: float | None = None
