"""Schedules turns: one at a time in a conversation, any number of conversations at once, and none is forgotten.

A message is committed before anything else happens to it. Its turn begins at once, or waits while another one is being
answered. If that one has shown no word yet, it is given up, and one turn reads both messages. A message of danger waits
for nothing: the answer that runs is stopped where it is.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from weakref import WeakValueDictionary

from chatapp.backends.base import Backend
from chatapp.errors import (
    ClosingError,
    DatabaseError,
    InterruptedTurnError,
    NotAllowedError,
    NotFoundError,
)
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store, Turn
from chatapp.store.models import TurnStatus
from chatapp.turn.burst import MOST_WAITING
from chatapp.turn.events import Event, Failed, Joined, Queued
from chatapp.turn.fold import Folds
from chatapp.turn.heartbeat import Heartbeat
from chatapp.turn.hub import Hub, Subscription
from chatapp.turn.later import left_for_later
from chatapp.turn.line import Line
from chatapp.turn.live import Halt, LiveTurn
from chatapp.turn.message import clean_message
from chatapp.turn.outbox import Outbox
from chatapp.turn.task import TurnTask
from router.text.clean import clean
from router.types import Route

log = logging.getLogger(__name__)

SAVE_WITHIN_S = 3.0
"""How long shutdown waits for a database that accepts no writes, in seconds."""


class TurnRunner:
    """Runs turns, and queues those that cannot run yet."""

    def __init__(
        self, settings: Settings, store: Store, serving: Callable[[], Serving], backends: Mapping[Route, Backend]
    ) -> None:
        """`serving` gives what answers locally now; each turn takes it once, and keeps it to its end."""
        self.hub, self.outbox = Hub(), Outbox()
        self.closing = False
        self._settings, self._store, self._serving, self._backends = settings, store, serving, backends
        self._turn = TurnTask(settings, store, serving, backends, self.outbox)
        self._live: dict[str, LiveTurn] = {}
        self._line = Line(settings.message_max_chars, serving().router.pack.rules)
        self._folds = Folds(store)
        self._tasks: set[asyncio.Task[None]] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._heartbeat = Heartbeat(store, self._open)

    @property
    def last_failure(self) -> tuple[datetime, Failed] | None:
        """The last turn of this process that failed, and when."""
        return self._turn.last_failure

    @property
    def cloud_connected(self) -> bool:
        """Whether a cloud model may be asked."""
        return Route.CLOUD in self._backends

    def live(self, conversation_id: str) -> LiveTurn | None:
        """The turn that runs in this conversation, if one does."""
        live = self._live.get(conversation_id)
        return None if live is None or live.over else live

    @contextlib.contextmanager
    def watch(self, conversation_id: str) -> Iterator[tuple[Subscription, tuple[Event, ...]]]:
        """Subscribe, and get the running turn's events so far: nothing is lost between the two, nothing is twice."""
        with self.hub.subscribe(conversation_id) as subscription:
            live = self.live(conversation_id)
            waiting = enumerate(self._line.of(conversation_id), 1)
            queued = [Queued(turn.id, conversation_id, turn.user_text, ahead) for ahead, turn in waiting]
            yield subscription, (*(live.events if live else ()), *queued)

    async def start(
        self,
        user_id: str,
        conversation_id: str,
        text: object,
        client_id: str | None = None,
        requested_route: Route | None = None,
    ) -> int:
        """Store the message, and begin its turn or let it wait; gives the turn's id.

        A `client_id` seen before starts nothing. Raises MessageError, NotFoundError (no such conversation, or another
        user's), BusyError where enough messages wait, ClosingError and DatabaseError: then nothing is stored.
        """
        message = clean_message(text, self._settings.message_max_chars)
        self._refuse_if_closing()
        await asyncio.to_thread(self._store.conversations.get, user_id, conversation_id)
        self.outbox.hurry(conversation_id)
        return await asyncio.shield(self._take(conversation_id, message, client_id, requested_route))

    async def again(self, user_id: str, turn_id: int, *, cloud: bool = False) -> int:
        """Answer the same message once more, by the cloud model if asked for; gives the new turn's id.

        Raises NotFoundError, BusyError, ClosingError, and NotAllowedError where no cloud is connected.
        """
        self._refuse_if_closing()
        if cloud and not self.cloud_connected:
            raise NotAllowedError("No outside AI service is connected here.", "Ask our own assistant, or a person.")
        old = await asyncio.to_thread(self._store.turns.get, user_id, turn_id)
        return await asyncio.shield(self._retake(old, Route.CLOUD if cloud else None))

    def stop(self, conversation_id: str) -> bool:
        """End the running turn and keep what had come; what waits is answered next. False if none runs."""
        live = self.live(conversation_id)
        return live is not None and live.halt(Halt.STOPPED)

    def drop(self, conversation_id: str) -> None:
        """End everything that runs or waits for a conversation that is about to be deleted."""
        self._line.clear(conversation_id)
        self.stop(conversation_id)
        self._forget(conversation_id)
        self._folds.cancel(conversation_id)

    async def aclose(self, within_s: float = 0.0) -> None:
        """Accept nothing new, give running turns `within_s` seconds to finish, then end what still runs or waits as
        `interrupted`. All of it is stored.
        """
        self.closing = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        saving = asyncio.create_task(self.outbox.aclose(SAVE_WITHIN_S))
        while running := self._tasks | self._folds.tasks:
            for live in self._live.values():
                live.halt(Halt.CLOSED)
            self._folds.cancel()
            await asyncio.wait(running)
        await saving
        await self._leave()

    async def _leave(self) -> None:
        """End what waits and what was given up for it. The next start would do it too, but readers are told now."""
        with left_for_later("what waited could not be ended"):
            await asyncio.to_thread(self._store.ledger.write_late)
            if left := self._open():
                await asyncio.to_thread(self._store.owners.interrupt, left)
        self._tell_interrupted(self._line.all())
        self._line.clear()
        self._live.clear()
        self._heartbeat.stop()

    async def sweep(self) -> None:
        """End turns of dead processes, and begin what waited for another process. Call it every few seconds."""
        with left_for_later("turns without an owner could not be looked for"):
            await asyncio.to_thread(self._store.ledger.write_late)
            self._tell_interrupted(await asyncio.to_thread(self._store.owners.interrupt_dead, self._open()))
        for conversation_id in self._line.conversations:
            async with self._lock(conversation_id):
                await self._next(conversation_id)

    def _tell_interrupted(self, turns: Iterable[Turn]) -> None:
        for turn in turns:
            self.hub.publish(Failed.of(turn.id, turn.conversation_id, InterruptedTurnError()))

    def _refuse_if_closing(self) -> None:
        if self.closing:
            raise ClosingError("The service is being restarted.", "Send your message again in a moment.")

    def _lock(self, conversation_id: str) -> asyncio.Lock:
        """Held while a turn of the conversation begins."""
        return self._locks.setdefault(conversation_id, asyncio.Lock())

    def _open(self, conversation_id: str | None = None) -> set[int]:
        """The ids of the turns that run or wait here."""
        live = {live.turn.id for key, live in self._live.items() if conversation_id in (None, key)}
        waiting = self._line.all() if conversation_id is None else self._line.of(conversation_id)
        return live | {turn.id for turn in waiting}

    async def _take(self, conversation_id: str, text: str, client_id: str | None, requested: Route | None) -> int:
        async with self._lock(conversation_id):
            turn = await asyncio.to_thread(
                self._store.turns.begin,
                conversation_id,
                text,
                client_id,
                requested,
                self._settings.mode,
                live=self._open(conversation_id),
                most_waiting=MOST_WAITING,
            )
            if turn.resent:
                return turn.id
            if turn.status is TurnStatus.QUEUED:
                await self._wait(turn)
            else:
                self._launch(turn)
            return turn.id

    async def _retake(self, old: Turn, requested: Route | None) -> int:
        async with self._lock(old.conversation_id):
            turn = await asyncio.to_thread(
                self._store.turns.begin_again,
                old.id,
                requested,
                self._settings.mode,
                live=self._open(old.conversation_id),
            )
            self._launch(turn, replaces=old.joined_into or old.id)
            return turn.id

    async def _wait(self, turn: Turn) -> None:
        """Put the turn in line, and give up a silent one before it if one turn can read both."""
        urgent = await asyncio.to_thread(self._tells_of_danger, turn.user_text)
        ahead = self._line.add(turn, urgent=urgent)
        self.hub.publish(Queued(turn.id, turn.conversation_id, turn.user_text, ahead))
        self._heartbeat.keep()
        live = self.live(turn.conversation_id)
        if live is None:
            await self._next(turn.conversation_id)
        elif live.silent and self._burst(turn.conversation_id, live):
            live.halt(Halt.JOINED)
        elif urgent:
            live.halt(Halt.STOPPED)

    def _tells_of_danger(self, text: str) -> bool:
        danger = self._serving().router.danger
        return danger is not None and danger.find(clean(text))[0] is not None

    def _burst(self, conversation_id: str, joining: LiveTurn | None) -> list[Turn]:
        return self._line.next(conversation_id, joining.user_text if joining else None)

    async def _next(self, conversation_id: str) -> None:
        """Begin as much of what waits as one turn can read. What cannot begin now is retried by `sweep`."""
        live = self._live.get(conversation_id)
        if self.closing or conversation_id not in self._line or (live and not live.over):
            return
        joining = live if live and live.halted is Halt.JOINED and not live.ending else None
        burst = self._burst(conversation_id, joining)
        try:
            turn = await asyncio.to_thread(
                self._store.turns.begin_next,
                [turn.id for turn in burst],
                joining.turn.id if joining else None,
                live=self._open(conversation_id),
            )
        except NotFoundError:  # deleted, or ended by another process that saw no sign of life
            self._line.remove(conversation_id, burst)
            self._tell_interrupted([*([joining.turn] if joining else []), *burst])
            self._forget(conversation_id)
        except DatabaseError as error:
            log.warning("what waits in conversation %s cannot begin now: %s", conversation_id, error)
        else:
            if turn:
                self._line.remove(conversation_id, burst)
                for read in [*([joining.turn] if joining else []), *burst[:-1]]:
                    self.hub.publish(Joined(read.id, conversation_id, turn.id))
                self._launch(turn)

    def _forget(self, conversation_id: str) -> None:
        """Drop a turn that is over; it would get heartbeats otherwise."""
        if self.live(conversation_id) is None:
            self._live.pop(conversation_id, None)

    def _launch(self, turn: Turn, replaces: int | None = None) -> None:
        live = LiveTurn(turn, turn.asked_text, self.hub, replaces)
        self._live[turn.conversation_id] = live
        live.task = asyncio.create_task(self._run(live), name=f"turn-{turn.id}")
        self._tasks.add(live.task)
        live.task.add_done_callback(self._tasks.discard)
        self._heartbeat.keep()

    async def _run(self, live: LiveTurn) -> None:
        live.begun = True
        answer = await self._turn.run(live)
        live.over = True
        if answer and answer.to_fold and not (live.halted or self.closing):
            self._folds.begin(live.question, answer.to_fold)
        conversation_id = live.turn.conversation_id
        if conversation_id in self._line:
            async with self._lock(conversation_id):
                await self._next(conversation_id)
        if self._live.get(conversation_id) is live and conversation_id not in self._line:
            del self._live[conversation_id]
