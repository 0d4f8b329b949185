"""One turn: from a message to a stored answer, in a task of its own that outlives the socket that began it.

The way of a turn: the message is committed, the router decides, one of three answerers replies (`answer.py`), the
answer is committed, and only then does `Finished` go out. Stop, and only stop, ends it early; what had come is kept.
After the answer, history that no longer fits the route's budget is folded into the running summary.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime

from chatapp.answer import Answer, Answerer, ToFold
from chatapp.backends.base import Backend
from chatapp.errors import BusyError, FirstlineError, NotAllowedError, ProviderError, UserError, detail_of
from chatapp.events import Delta, Event, Failed, Finished, Notice, Routed, Started
from chatapp.fold import fold
from chatapp.hub import Hub, Subscription
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store, Turn
from chatapp.text import clean_message
from router.counterfactual import counterfactual
from router.types import Circumstances, Decision, Reason, ReasonCode, Route

log = logging.getLogger(__name__)

SAVE_EVERY_S = 1.0
EARLIER_TURNS = 4


class LiveTurn:
    """A turn that runs: what has come of it so far, for windows that open in the middle."""

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
        self.stopping = False
        self.ending = False
        self.to_fold: ToFold | None = None
        self._hub = hub
        self._began = time.perf_counter()
        self.emit(Started(turn.id, turn.conversation_id, text, replaces))

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the message was taken."""
        return (time.perf_counter() - self._began) * 1000

    def emit(self, event: Event) -> None:
        """Publish an event and keep it for late watchers."""
        self.events.append(event)
        self._hub.publish(event)

    def say(self, text: str, *, replace: bool = False) -> None:
        """Show more of the answer, or with `replace` another one in its place; nothing is no event."""
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
        if keep:
            self.notices.append({"code": code, "text": text} | ({"detail": detail} if detail else {}))
        self.emit(Notice(self.turn.id, self.turn.conversation_id, code, text, detail))


class TurnRunner:
    """Runs turns: at most one a conversation, any number at once."""

    def __init__(
        self, settings: Settings, store: Store, serving: Callable[[], Serving], backends: Mapping[Route, Backend]
    ) -> None:
        """`serving` gives what answers locally now; each turn takes it once, and keeps it to its end."""
        self.hub = Hub()
        self._settings, self._store, self._serving, self._backends = settings, store, serving, backends
        self._answerer = Answerer(settings, store, serving().router.pack, backends)
        self._live: dict[str, LiveTurn] = {}
        self._folds: dict[str, asyncio.Task[None]] = {}
        self.last_failure: tuple[datetime, Failed] | None = None

    @property
    def cloud_connected(self) -> bool:
        """Whether a cloud model may be asked."""
        return Route.CLOUD in self._backends

    def live(self, conversation_id: str) -> LiveTurn | None:
        """The turn that runs in this conversation, if one does."""
        return self._live.get(conversation_id)

    @contextlib.contextmanager
    def watch(self, conversation_id: str) -> Iterator[tuple[Subscription, tuple[Event, ...]]]:
        """Subscribe, and get the running turn's events so far: nothing is lost between the two, nothing is twice."""
        with self.hub.subscribe(conversation_id) as subscription:
            live = self.live(conversation_id)
            yield subscription, tuple(live.events) if live else ()

    async def start(
        self,
        user_id: str,
        conversation_id: str,
        text: object,
        client_id: str | None = None,
        requested_route: Route | None = None,
    ) -> int:
        """Store the message and begin its turn; gives the turn's id. A `client_id` seen before starts nothing.

        Raises MessageError, NotFoundError (no such conversation, or another user's) and BusyError.
        """
        message = clean_message(text, self._settings.message_max_chars)
        await asyncio.to_thread(self._store.conversation, user_id, conversation_id)
        self._refuse_if_busy(conversation_id, client_id)
        turn = await asyncio.to_thread(
            self._store.begin_turn, conversation_id, message, client_id, requested_route, self._settings.mode
        )
        if not turn.resent:
            await self._launch(turn, message)
        return turn.id

    async def again(self, user_id: str, turn_id: int, *, cloud: bool = False) -> int:
        """Answer the same message once more, by the cloud model if asked for; gives the new turn's id.

        Raises NotFoundError, BusyError, and NotAllowedError where no cloud is connected.
        """
        if cloud and not self.cloud_connected:
            raise NotAllowedError("No outside AI service is connected here.", "Ask our own assistant, or a person.")
        old = await asyncio.to_thread(self._store.turn, user_id, turn_id)
        self._refuse_if_busy(old.conversation_id)
        turn = await asyncio.to_thread(
            self._store.begin_again, turn_id, Route.CLOUD if cloud else None, self._settings.mode
        )
        await self._launch(turn, old.user_text, replaces=turn_id)
        return turn.id

    def stop(self, conversation_id: str) -> bool:
        """End the running turn and keep what had come; False if none runs."""
        live = self._live.get(conversation_id)
        if live is None or live.task is None or live.stopping or live.ending:
            return False
        live.stopping = True
        live.task.cancel()
        return True

    def drop(self, conversation_id: str) -> None:
        """End everything that runs for a conversation that is about to be deleted."""
        self.stop(conversation_id)
        if conversation_id in self._folds:
            self._folds[conversation_id].cancel()

    async def aclose(self) -> None:
        """End every turn, as stop would, and wait until all is stored."""
        tasks = [live.task for live in self._live.values() if live.task] + list(self._folds.values())
        for conversation_id in list(self._live):
            self.stop(conversation_id)
        for task in self._folds.values():
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _refuse_if_busy(self, conversation_id: str, client_id: str | None = None) -> None:
        if conversation_id in self._live and client_id is None:
            raise BusyError(
                "The last message is still being answered.",
                "Wait for the answer or stop it, then send again.",
            )

    async def _launch(self, turn: Turn, text: str, replaces: int | None = None) -> None:
        live = LiveTurn(turn, text, self.hub, replaces)
        self._live[turn.conversation_id] = live
        live.task = asyncio.create_task(self._run(live), name=f"turn-{turn.id}")
        await asyncio.sleep(0)  # a task that is cancelled before its first step would store nothing

    async def _run(self, live: LiveTurn) -> None:
        saver = asyncio.create_task(self._save_partials(live))
        try:
            decision = await self._route(live)
            answer = await self._answerer.reply(live, decision)
            await self._finish(live, answer)
        except asyncio.CancelledError:
            await self._finish_stopped(live)
        except Exception as error:  # the turn's last line of defence: a stored failure, never a hanging page
            await self._fail(live, error)
        finally:
            saver.cancel()
            if self.live(live.turn.conversation_id) is live:
                del self._live[live.turn.conversation_id]
        self._fold_later(live)

    async def _finish_stopped(self, live: LiveTurn) -> None:
        try:
            await self._finish(live, self._answerer.stopped(live))
        except Exception as error:
            await self._fail(live, error)

    async def _route(self, live: LiveTurn) -> Decision:
        earlier = await asyncio.to_thread(
            self._store.user_texts, live.turn.conversation_id, before_turn=live.turn.id, limit=EARLIER_TURNS
        )
        circumstances = Circumstances(self._settings.mode, self.cloud_connected)
        live.serving = serving = await asyncio.to_thread(self._serving)
        decision = await asyncio.to_thread(serving.router.decide, live.user_text, earlier, circumstances)
        decision = _forced(decision, live.turn.requested_route)
        live.decision = decision
        await asyncio.to_thread(
            self._store.routed,
            live.turn.id,
            decision.as_json() | {"would_change": counterfactual(decision).texts},
            decision.route.value,
            decision.category,
            decision.policy,
            decision.elapsed_ms,
        )
        live.emit(Routed(live.turn.id, live.turn.conversation_id, decision))
        return decision

    async def _save_partials(self, live: LiveTurn) -> None:
        saved = ""
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            if live.answer != saved:
                saved = live.answer
                with contextlib.suppress(FirstlineError):  # the end will be stored, or its failure told
                    await asyncio.to_thread(self._store.save_partial, live.turn.id, saved)

    async def _finish(self, live: LiveTurn, answer: Answer) -> None:
        live.ending = True
        if answer.route is Route.CLOUD and answer.status == "done":
            self.last_failure = None
        total_ms = live.elapsed_ms
        await asyncio.to_thread(
            self._store.finish,
            live.turn.id,
            status=answer.status,
            text=answer.text,
            route=answer.route.value,
            sources=[asdict(source) for source in answer.sources],
            notices=live.notices,
            ttft_ms=live.ttft_ms,
            total_ms=total_ms,
        )
        live.emit(
            Finished(
                live.turn.id,
                live.turn.conversation_id,
                answer.status,
                answer.route.value,
                live.decision.category if live.decision else "",
                answer.text,
                answer.sources,
                live.cost_microusd,
                live.ttft_ms,
                total_ms,
                tuple(live.notices),
            )
        )

    async def _fail(self, live: LiveTurn, error: Exception) -> None:
        live.ending = True
        turn = live.turn
        offered = () if live.answer else self._answerer.nearest(live)
        failed = Failed.of(turn.id, turn.conversation_id, error, live.answer, offered)
        if isinstance(error, ProviderError):
            self.last_failure = datetime.now(UTC), failed
        if isinstance(error, ProviderError | UserError):
            log.warning("turn %d ended with %s: %s", turn.id, failed.code, detail_of(error))
        else:
            log.exception("turn %d failed", turn.id)
        try:
            await asyncio.to_thread(
                self._store.finish,
                turn.id,
                status="interrupted" if live.answer else "failed",
                text=live.answer,
                route=live.decision.route.value if live.decision else None,
                sources=[asdict(source) for source in offered],
                notices=[*live.notices, failed.notice],
                error_code=failed.code,
                ttft_ms=live.ttft_ms,
                total_ms=live.elapsed_ms,
            )
        except FirstlineError:
            log.exception("the failure of turn %d could not be stored", turn.id)
        live.emit(failed)

    def _fold_later(self, live: LiveTurn) -> None:
        work = live.to_fold
        turn = live.turn
        if work is None or live.stopping or turn.conversation_id in self._folds:
            return
        task = asyncio.create_task(fold(self._store, work.backend, turn, work.summary, work.left, work.budget_tokens))
        self._folds[turn.conversation_id] = task
        task.add_done_callback(lambda _: self._folds.pop(turn.conversation_id))


def _forced(decision: Decision, requested: str | None) -> Decision:
    if requested is None or decision.route.value == requested:
        return decision
    reason = Reason(ReasonCode.FORCED, "The cloud model was asked for.")
    return replace(decision, route=Route(requested), reasons=(reason, *decision.reasons))
