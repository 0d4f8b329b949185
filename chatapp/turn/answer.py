"""What answering gives back: one frozen value, from which the turn is stored and its end is told."""

from dataclasses import dataclass

from chatapp.backends.base import Backend
from chatapp.context import Exchange
from chatapp.store.models import TurnStatus
from chatapp.store.notices import Note
from chatapp.turn.events import Source
from language import Language
from router.types import Decision, Route


@dataclass(frozen=True, slots=True)
class ToFold:
    """History that the summary shall stand for, once the answer is out. `backend` is the model that summarises it,
    `language` the pack's.
    """

    backend: Backend
    summary: str
    left: tuple[Exchange, ...]
    budget_tokens: int
    language: Language | None


@dataclass(frozen=True, slots=True)
class Answer:
    """How a turn ends.

    `status` is done, abstained, stopped, failed or interrupted. `route` is who answered, or was answering when it
    ended; None before the router had decided. `sources` are what the text rests on or, where nobody answered, what may
    help nevertheless. `notices` are those that are kept. `cost_microusd` is that of all its model calls.

    `decision` is the router's as it ended: where the local model refused the likeliest fact, its facts are the one that
    was worded last instead; where it refused all, they are the router's, and its reasons say so. Its route stays the
    router's.
    """

    status: TurnStatus
    text: str = ""
    route: Route | None = None
    sources: tuple[Source, ...] = ()
    notices: tuple[Note, ...] = ()
    decision: Decision | None = None
    cost_microusd: int = 0
    to_fold: ToFold | None = None
