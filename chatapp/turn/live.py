"""A turn that runs, as it is shown: what has come of it so far, for windows that open in the middle."""

import asyncio
import time
from enum import Enum, auto

from chatapp.store import Turn
from chatapp.store.notices import Note
from chatapp.turn.events import Asked, Delta, Escalated, Event, Notice, Routed, Started
from chatapp.turn.hub import Hub
from chatapp.turn.question import Question
from router.types import Decision, Route


class Halt(Enum):
    """Why a turn ends before its answer is complete."""

    STOPPED = auto()
    """Its reader wants no more."""
    JOINED = auto()
    """Another message has come before its first word, and one turn reads both."""
    CLOSED = auto()
    """The process ends."""


class LiveTurn:
    """One running turn. `user_text` is all that it answers, which may be several messages.

    It shows what answering says (it is a `Speaker`), and decides nothing. `route` is who answers, None before the
    router has decided.
    """

    def __init__(self, turn: Turn, text: str, hub: Hub, replaces: int | None = None) -> None:
        self.turn = turn
        self.user_text = text
        self.replaces = replaces
        self.answer = ""
        self.route: Route | None = None
        self.options: tuple[str, ...] = ()
        self.events: list[Event] = []
        self.ttft_ms: float | None = None
        self.task: asyncio.Task[None] | None = None
        self.begun = False
        self.halted: Halt | None = None
        self.ending = False
        self.over = False
        self._hub = hub
        self._watched = hub.watched(turn.conversation_id)
        self._began = time.perf_counter()
        self.emit(Started(*self.ids, turn.user_text, replaces))

    @property
    def ids(self) -> tuple[int, str]:
        """Of the turn and its conversation, with which each event begins."""
        return self.turn.id, self.turn.conversation_id

    @property
    def question(self) -> Question:
        """What is to be answered."""
        return Question(*self.ids, self.user_text, again=self.replaces is not None)

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
        if self.begun:
            self.task.cancel()
        else:  # a task that is cancelled before its first step never runs, and would store nothing
            self.task.get_loop().call_soon(self.task.cancel)
        return True

    def emit(self, event: Event) -> None:
        """Publish an event and keep it for late watchers."""
        self.events.append(event)
        self._hub.publish(event)

    def routed(self, decision: Decision, options: tuple[str, ...] = ()) -> None:
        """Show who will answer; or that it is asked which of the `options` is meant."""
        self.route, self.options = decision.route, options
        self.emit(Routed(*self.ids, decision))
        if options:
            self.emit(Asked(*self.ids, options))

    def say(self, text: str, *, replace: bool = False) -> None:
        """Show more of the answer, or with `replace` another one in its place."""
        if self.ttft_ms is None and text:
            self.ttft_ms = self.elapsed_ms
        self.answer = text if replace else self.answer + text
        self.emit(Delta(*self.ids, text, replace))

    def notice(self, note: Note) -> None:
        """Tell the reader something. What a customer reads where its text is not for them stands in `notices.py`."""
        self.emit(Notice(*self.ids, note.code, note.text, note.detail))

    def escalated(self, reason: str) -> None:
        """Show that the cloud model answers."""
        self.route = Route.CLOUD
        self.emit(Escalated(*self.ids, reason))

    def attended(self) -> bool:
        """Whether somebody may be waiting: not where a window was open on it, and is open no more. A page without
        scripts opens none, and its reader waits all the same.
        """
        watched = self._hub.watched(self.turn.conversation_id)
        self._watched = self._watched or watched
        return watched or not self._watched
