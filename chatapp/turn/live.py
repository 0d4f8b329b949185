"""A turn that runs: what has come of it so far, for windows that open in the middle."""

import asyncio
import time
from enum import Enum, auto
from typing import TYPE_CHECKING

from chatapp.assembly.active_release import Serving
from chatapp.characters import storable
from chatapp.store import Turn
from chatapp.turn.events import Delta, Event, Notice, Started
from chatapp.turn.hub import Hub
from router.types import Decision

if TYPE_CHECKING:
    from chatapp.turn.answerer import ToFold


class Halt(Enum):
    """Why a turn is ended before its answer is whole."""

    STOPPED = auto()
    """Its reader wants no more."""
    JOINED = auto()
    """Another message has come before its first word, and one turn reads both."""
    CLOSED = auto()
    """The process ends."""


class LiveTurn:
    """One running turn. `user_text` is all that it answers, which may be several messages."""

    def __init__(self, turn: Turn, text: str, hub: Hub, replaces: int | None = None) -> None:
        self.turn = turn
        self.user_text = text
        self.replaces = replaces
        self.answer = ""
        self.serving: Serving | None = None
        self.decision: Decision | None = None
        self.notices: list[dict[str, str]] = []
        self.events: list[Event] = []
        self.ttft_ms: float | None = None
        self.cost_microusd = 0
        self.task: asyncio.Task[None] | None = None
        self.halted: Halt | None = None
        self.ending = False
        self.over = False
        self.to_fold: ToFold | None = None
        self._hub = hub
        self._began = time.perf_counter()
        self.emit(Started(turn.id, turn.conversation_id, turn.user_text, replaces))

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the turn began."""
        return (time.perf_counter() - self._began) * 1000

    @property
    def silent(self) -> bool:
        """Whether another message may still be read with it: a first try that has shown no word and goes on."""
        asked_once = self.replaces is None and self.turn.requested_route is None
        return asked_once and self.ttft_ms is None and not self.ending and self.halted is None

    def halt(self, why: Halt) -> bool:
        """End it now; False if it is ending already."""
        if self.task is None or self.halted or self.ending:
            return False
        self.halted = why
        self.task.cancel()
        return True

    def emit(self, event: Event) -> None:
        """Publish an event and keep it for late watchers."""
        self.events.append(event)
        self._hub.publish(event)

    def say(self, text: str, *, replace: bool = False) -> None:
        """Show more of the answer, or with `replace` another one in its place; nothing is no event."""
        text = storable(text)
        if not (text or replace):
            return
        if self.ttft_ms is None and text:
            self.ttft_ms = self.elapsed_ms
        self.answer = text if replace else self.answer + text
        self.emit(Delta(self.turn.id, self.turn.conversation_id, text, replace))

    def spend(self, microusd: int) -> None:
        """Add the cost of one call."""
        self.cost_microusd += microusd

    def notice(self, code: str, text: str, detail: str = "", *, keep: bool = True) -> None:
        """Tell the reader something, and with `detail` the operator more; `keep` stores it under the answer.

        What a customer reads where `text` is not for them stands in `notices.py`.
        """
        text, detail = storable(text), storable(detail)
        if keep:
            self.notices.append({"code": code, "text": text} | ({"detail": detail} if detail else {}))
        self.emit(Notice(self.turn.id, self.turn.conversation_id, code, text, detail))
