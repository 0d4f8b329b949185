"""One turn: from a message to a stored answer, in a task of its own that outlives the socket that began it.

The way of a turn: the message is committed (`runner.py`), the router decides, one of three answerers replies
(`answer.py`), the answer is committed, and only then does `Finished` go out. It ends early where its reader stops it,
where the process ends, or where another message comes before its first word and one turn is to read both.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from chatapp.assembly.active_release import Serving
from chatapp.backends.base import Backend
from chatapp.errors import FirstlineError, InterruptedTurnError, ProviderError, UserError, detail_of
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.turn.answerer import Answer, Answerer
from chatapp.turn.events import Failed, Finished, Routed, Source
from chatapp.turn.live import Halt, LiveTurn
from chatapp.turn.outbox import Outbox
from router.policy.explain import counterfactual
from router.types import Circumstances, Decision, Reason, ReasonCode, Route

log = logging.getLogger(__name__)

SAVE_EVERY_S = 1.0
EARLIER_TURNS = 4

SAVING = "This is the whole answer. Saving it takes longer than usual, and goes on by itself."


class TurnTask:
    """Takes a turn from its message to its end: has it routed and answered, and stores what came of it."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        serving: Callable[[], Serving],
        backends: Mapping[Route, Backend],
        outbox: Outbox,
    ) -> None:
        """`serving` gives what answers locally now; each turn takes it once, and keeps it to its end."""
        self._settings, self._store, self._serving, self._outbox = settings, store, serving, outbox
        self._cloud_connected = Route.CLOUD in backends
        self._answerer = Answerer(settings, store, serving().router.pack, backends)
        self.last_failure: tuple[datetime, Failed] | None = None

    async def run(self, live: LiveTurn) -> None:
        """The whole turn. Nothing that goes wrong in it comes out: its end says so.

        A turn that is halted to be joined ends without a word: the one that reads its message tells the rest.
        """
        saver = asyncio.create_task(self._save_partials(live))
        try:
            decision = await self._route(live)
            answer = await self._answerer.reply(live, decision)
            await self._finish(live, answer)
        except asyncio.CancelledError:
            await self._halted(live)
        except Exception as error:  # the turn's last line of defence: a stored failure, never a hanging page
            await self._fail(live, error)
        finally:
            saver.cancel()

    async def _halted(self, live: LiveTurn) -> None:
        if live.halted is Halt.JOINED:
            return
        try:
            if live.halted is Halt.STOPPED:
                await self._finish(live, self._answerer.stopped(live))
            else:
                await self._interrupted(live)
        except Exception as error:
            await self._fail(live, error)

    async def _route(self, live: LiveTurn) -> Decision:
        earlier = await asyncio.to_thread(
            self._store.exchanges.user_texts, live.turn.conversation_id, before_turn=live.turn.id, limit=EARLIER_TURNS
        )
        circumstances = Circumstances(self._settings.mode, self._cloud_connected)
        live.serving = serving = await asyncio.to_thread(self._serving)
        decision = await asyncio.to_thread(serving.router.decide, live.user_text, earlier, circumstances)
        decision = _forced(decision, live.turn.requested_route)
        live.decision = decision
        routed = partial(
            self._store.turns.routed,
            live.turn.id,
            decision.as_json() | {"would_change": counterfactual(decision).texts},
            decision.route.value,
            decision.category,
            decision.policy,
            decision.elapsed_ms,
        )
        await self._outbox.write(live.turn.conversation_id, f"the decision on turn {live.turn.id}", routed)
        live.emit(Routed(live.turn.id, live.turn.conversation_id, decision))
        return decision

    async def _save_partials(self, live: LiveTurn) -> None:
        saved = ""
        while not live.ending:
            await asyncio.sleep(SAVE_EVERY_S)
            if live.answer != saved and not live.ending:
                saved = live.answer
                with contextlib.suppress(FirstlineError):  # the end will be stored, or its failure told
                    await asyncio.to_thread(self._store.turns.save_partial, live.turn.id, saved)

    async def _finish(self, live: LiveTurn, answer: Answer) -> None:
        if answer.route is Route.CLOUD and answer.status == "done":
            self.last_failure = None
        total_ms = live.elapsed_ms
        await self._end(
            live,
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
            ),
            status=answer.status,
            text=answer.text,
            route=answer.route.value,
            sources=_stored(answer.sources),
            notices=list(live.notices),
            ttft_ms=live.ttft_ms,
            total_ms=total_ms,
        )

    async def _interrupted(self, live: LiveTurn) -> None:
        """The process ends: not by the reader's wish, so the message is offered again."""
        failed = Failed.of(*_ids(live), InterruptedTurnError(), live.answer)
        await self._end_badly(live, "interrupted", failed)

    async def _fail(self, live: LiveTurn, error: Exception) -> None:
        offered = () if live.answer else self._answerer.nearest(live)
        failed = Failed.of(*_ids(live), error, live.answer, offered)
        if isinstance(error, ProviderError):
            self.last_failure = datetime.now(UTC), failed
        if isinstance(error, ProviderError | UserError):
            log.warning("turn %d ended with %s: %s", live.turn.id, failed.code, detail_of(error))
        else:
            log.exception("turn %d failed", live.turn.id)
        try:
            await self._end_badly(live, "interrupted" if live.answer else "failed", failed)
        except Exception:  # whatever it is: a turn that never ends would keep its conversation busy
            log.exception("the failure of turn %d could not be stored", live.turn.id)
            live.over = True
            live.emit(failed)

    async def _end_badly(self, live: LiveTurn, status: str, event: Failed) -> None:
        await self._end(
            live,
            event,
            status=status,
            text=live.answer,
            route=live.decision.route.value if live.decision else None,
            sources=_stored(event.sources),
            notices=[*live.notices, event.notice],
            error_code=event.code,
            ttft_ms=live.ttft_ms,
            total_ms=live.elapsed_ms,
        )

    async def _end(self, live: LiveTurn, event: Finished | Failed, **end: Any) -> None:
        """Store the end, and only then tell it. While the database does not take it, the reader sees all that came."""
        live.ending = True
        finish = partial(self._store.turns.finish, live.turn.id, **end)
        kept = await self._outbox.write(live.turn.conversation_id, f"the end of turn {live.turn.id}", finish)
        if kept is not None:
            live.notice("saving", SAVING, keep=False)
            await kept
        live.over = True
        live.emit(event)


def _ids(live: LiveTurn) -> tuple[int, str]:
    return live.turn.id, live.turn.conversation_id


def _stored(sources: Sequence[Source]) -> list[dict[str, Any]]:
    return [asdict(source) for source in sources]


def _forced(decision: Decision, requested: str | None) -> Decision:
    if requested is None or decision.route.value == requested:
        return decision
    reason = Reason(ReasonCode.FORCED, "The cloud model was asked for.")
    return replace(decision, route=Route(requested), reasons=(reason, *decision.reasons))
