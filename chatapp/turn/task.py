"""One turn: from a message to a stored answer, in a task of its own that outlives the socket that began it.

The way of a turn: the message is committed (`runner.py`), the router decides, the local model, the cloud or nobody
answers (`answerer.py`), the answer is committed, and only then does `Finished` go out. It ends early where its reader
stops it, where the process ends, or where another message comes before its first word and one turn is to read both.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from chatapp.backends.base import Backend
from chatapp.errors import FirstlineError, InterruptedTurnError, ProviderError, UserError, detail_of
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.store.models import TurnStatus
from chatapp.store.notices import Note, NoticeCode
from chatapp.turn.answer import Answer
from chatapp.turn.answerer import Answerer, Answering
from chatapp.turn.events import Failed, Finished
from chatapp.turn.live import Halt, LiveTurn
from chatapp.turn.outbox import Outbox
from router.policy.explain import counterfactual
from router.types import SAFETY, Circumstances, Decision, Reason, ReasonCode, Route

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

    async def run(self, live: LiveTurn) -> Answer | None:
        """Run the turn to its end and return what it ended with. No exception escapes: a failure is stored and told.

        Returns None for a turn that was halted to be joined. It stores and tells nothing; the turn that reads its
        message does.
        """
        saver = asyncio.create_task(self._save_partials(live))
        answering: Answering | None = None
        try:
            decision, serving = await self._decide(live)
            answering = self._answerer.begin(live.question, decision, serving, live)
            await self._routed(live, decision, serving)
            answer = await answering.whole()
            await self._finish(live, answer)
        except asyncio.CancelledError:
            return await self._halted(live, answering)
        except Exception as error:  # the turn's last line of defence: a stored failure, never a hanging page
            return await self._fail(live, answering, error)
        finally:
            saver.cancel()
        return answer

    async def _halted(self, live: LiveTurn, answering: Answering | None) -> Answer | None:
        if live.halted is Halt.JOINED:
            return None
        try:
            if live.halted is Halt.STOPPED:
                answer = answering.stopped() if answering else Answer(TurnStatus.STOPPED, route=Route.ABSTAIN)
                await self._finish(live, answer)
            else:  # the process ends: not by the reader's wish, so the message is offered again
                answer = answering.interrupted() if answering else Answer(TurnStatus.INTERRUPTED)
                await self._end_badly(live, answer, Failed.of(*live.ids, InterruptedTurnError(), answer.text))
        except Exception as error:
            return await self._fail(live, answering, error)
        return answer

    async def _decide(self, live: LiveTurn) -> tuple[Decision, Serving]:
        earlier = await asyncio.to_thread(
            self._store.exchanges.user_texts, live.turn.conversation_id, before_turn=live.turn.id, limit=EARLIER_TURNS
        )
        question = await asyncio.to_thread(
            self._store.exchanges.question_before, live.turn.conversation_id, live.turn.id
        )
        may_ask = self._settings.ask_back and question is None and live.turn.requested_route is None
        circumstances = Circumstances(self._settings.mode, self._cloud_connected, may_ask)
        serving = await asyncio.to_thread(self._serving)
        decision = await asyncio.to_thread(
            serving.router.decide, live.user_text, earlier, circumstances, question=question
        )
        return _forced(decision, live.turn.requested_route), serving

    async def _routed(self, live: LiveTurn, decision: Decision, serving: Serving) -> None:
        """Store the decision, and only then tell it."""
        routed = partial(
            self._store.turns.routed,
            live.turn.id,
            _decision_json(decision),
            decision.route.value,
            decision.category,
            decision.policy,
            decision.elapsed_ms,
        )
        await self._outbox.write(live.turn.conversation_id, f"the decision on turn {live.turn.id}", routed)
        live.routed(decision, serving.router.titles(decision.options))

    async def _save_partials(self, live: LiveTurn) -> None:
        saved = ""
        while not live.ending:
            await asyncio.sleep(SAVE_EVERY_S)
            if live.answer != saved and not live.ending:
                saved = live.answer
                with contextlib.suppress(FirstlineError):  # the end will be stored, or its failure told
                    await asyncio.to_thread(self._store.turns.save_partial, live.turn.id, saved)

    async def _finish(self, live: LiveTurn, answer: Answer) -> None:
        if answer.route is Route.CLOUD and answer.status is TurnStatus.DONE:
            self.last_failure = None
        total_ms = live.elapsed_ms
        finished = Finished(
            *live.ids,
            answer.status.value,
            (answer.route or Route.ABSTAIN).value,
            answer.decision.category if answer.decision else "",
            answer.text,
            answer.sources,
            answer.cost_microusd,
            live.ttft_ms,
            total_ms,
            answer.notices,
            live.options,
        )
        await self._end(live, answer, finished, total_ms=total_ms)

    async def _fail(self, live: LiveTurn, answering: Answering | None, error: Exception) -> Answer:
        answer = answering.failed() if answering else Answer(TurnStatus.FAILED)
        failed = Failed.of(*live.ids, error, answer.text, answer.sources)
        if isinstance(error, ProviderError):
            self.last_failure = datetime.now(UTC), failed
        if isinstance(error, ProviderError | UserError):
            log.warning("turn %d ended with %s: %s", live.turn.id, failed.code, detail_of(error))
        else:
            log.exception("turn %d failed", live.turn.id)
        try:
            await self._end_badly(live, answer, failed)
        except Exception:  # whatever it is: a turn that never ends would keep its conversation busy
            log.exception("the failure of turn %d could not be stored", live.turn.id)
            live.over = True
            live.emit(failed)
        return answer

    async def _end_badly(self, live: LiveTurn, answer: Answer, failed: Failed) -> None:
        answer = replace(answer, notices=(*answer.notices, failed.notice))
        await self._end(live, answer, failed, error_code=failed.code, total_ms=live.elapsed_ms)

    async def _end(self, live: LiveTurn, answer: Answer, event: Finished | Failed, **more: Any) -> None:
        """Store the end, and only then tell it. While the database does not take it, the reader sees all that came."""
        live.ending = True
        finish = partial(
            self._store.turns.finish,
            live.turn.id,
            answer.status,
            answer.text,
            route=answer.route,
            decision=_decision_json(answer.decision) if answer.decision else None,
            sources=[asdict(source) for source in answer.sources],
            notices=[note.as_json() for note in answer.notices],
            ttft_ms=live.ttft_ms,
            **more,
        )
        kept = await self._outbox.write(live.turn.conversation_id, f"the end of turn {live.turn.id}", finish)
        if kept is not None:
            live.notice(Note(NoticeCode.SAVING, SAVING))
            await kept
        live.over = True
        live.emit(event)


def _decision_json(decision: Decision) -> dict[str, Any]:
    """The decision as it is stored, with what would have changed it in words."""
    return decision.as_json() | {"would_change": counterfactual(decision).texts}


def _forced(decision: Decision, requested: str | None) -> Decision:
    """The decision with the route that its reader asked for, save that a message of danger goes to no cloud."""
    if requested is None or decision.route.value == requested or decision.category == SAFETY:
        return decision
    reason = Reason(ReasonCode.FORCED, "The cloud model was asked for.")
    return replace(decision, route=Route(requested), reasons=(reason, *decision.reasons))
