"""The ledger: one row for every model call, whatever became of it, so that it adds up to the provider's bill.

The row is written before the call is made, at the cost of its prompt, and brought to its end after it. So a process
that dies in the middle leaves a row that says `open`; `close_abandoned` makes an estimate of it.

A try that was sent again although the server may have served it has a row of its own: the provider counts two calls,
and so does the ledger. Folded into the row of the call that answered, its tokens would look like those of one prompt.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import TracebackType

from chatapp.backends.base import Backend, Request, Stage, Token, Usage, model_name
from chatapp.backends.cloud.usage import rough_tokens
from chatapp.errors import DatabaseError, FirstlineError, ProviderCutError, ProviderError, ProviderTimeoutError
from chatapp.store import CallRecord, Store
from chatapp.store.models import Outcome, Purpose
from router.types import Route

log = logging.getLogger(__name__)


class MeteredCall:
    """One model call, timed and booked.

    `async with MeteredCall(...) as call:` and then `async for token in call`. On leaving the block the stream is
    closed and the row brought to its end, also when the turn was stopped or the provider failed. `outcome` may be set
    inside the block, where the caller ends a call for a reason of its own (unsupported, degenerate).

    Entering raises DatabaseError where the call cannot be booked: then it is not made.
    """

    def __init__(
        self,
        store: Store,
        backend: Backend,
        request: Request,
        *,
        turn_id: int,
        conversation_id: str,
        purpose: Purpose,
        spent: Callable[[int], None] = lambda _microusd: None,
    ) -> None:
        self.outcome = Outcome.OK
        self.ttft_ms: float | None = None
        self.cost_microusd = 0
        self._store, self._backend, self._request = store, backend, request
        self._turn_id, self._conversation_id, self._purpose, self._turn_spent = turn_id, conversation_id, purpose, spent
        self._stream = backend.stream(request)
        self._began = 0.0
        self._row = 0

    async def __aenter__(self) -> "MeteredCall":
        self._began = time.perf_counter()
        opening = asyncio.create_task(asyncio.to_thread(self._open))
        try:
            self._row = await asyncio.shield(opening)
        except asyncio.CancelledError as stop:  # the row is being written, and must not stay open
            with suppress(DatabaseError):  # not booked, not made: the turn still ends as it was told to
                self._row = await opening
                await self._book(stop)
            raise
        return self

    @property
    def stage(self) -> Stage:
        """Where the call stands, and after its end, how it ended."""
        return self._stream.stage

    async def __aiter__(self) -> AsyncIterator[Token]:
        async for token in self._stream:
            if self.ttft_ms is None:
                self.ttft_ms = self._elapsed_ms()
            yield token

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await asyncio.shield(self._book(error))

    def _open(self) -> int:
        """Book the call that is about to be made, at what its prompt costs."""
        try:
            prompt = Usage(self._backend.count_tokens(self._request.messages))
        except FirstlineError:  # the call itself will say what is wrong
            prompt = Usage()
        cost_microusd = self._backend.cost_microusd(prompt, 0.0)
        return self._store.ledger.begin(self._record(prompt, cost_microusd, Outcome.OPEN))

    async def _book(self, error: BaseException | None) -> None:
        """Close the stream and bring the row to its end, also while the turn is being stopped."""
        await self._stream.aclose()
        usage = self._stream.usage
        self.cost_microusd = self._backend.cost_microusd(usage, self._stream.compute_s)
        outcome = _outcome(error) if error and self.outcome is Outcome.OK else self.outcome
        record = replace(
            self._record(usage, self.cost_microusd, outcome),
            ttft_ms=self.ttft_ms,
            total_ms=self._elapsed_ms(),
            error_code=error.code if isinstance(error, ProviderError) else None,
        )
        lost = [self._lost(usage) for usage in self._stream.lost]
        self.cost_microusd += sum(each.cost_microusd for each in lost)
        self._turn_spent(self.cost_microusd)
        await asyncio.to_thread(self._store.ledger.end, self._row, record, lost)

    def _lost(self, usage: Usage) -> CallRecord:
        """The row of a try that may have been served and billed, though its answer never came."""
        return self._record(usage, self._backend.cost_microusd(usage, 0.0), Outcome.FAILED)

    def _record(self, usage: Usage, cost_microusd: int, outcome: Outcome) -> CallRecord:
        return CallRecord(
            turn_id=self._turn_id,
            conversation_id=self._conversation_id,
            purpose=self._purpose,
            route=Route(self._backend.name),
            model=model_name(self._backend, self._request.adapter),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            estimated=usage.estimated,
            cost_microusd=cost_microusd,
            total_ms=0.0,
            outcome=outcome,
        )

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self._began) * 1000


def close_abandoned(store: Store, price: Callable[[Usage], int], began_before: datetime | None = None) -> int:
    """End, as `interrupted`, every open call whose process is dead, and say how many there were.

    A cloud call is taken to have cost its prompt, as counted when it began, and what was saved of its answer, at
    `price`. What an aborted stream wrote after the last save is not known. Where other processes share the database
    only calls that `began_before` a time from which none can be under way are ended; one that was ended by mistake is
    put right by its own process. Raises DatabaseError.
    """
    store.ledger.write_late()
    abandoned = store.ledger.open_calls(began_before)
    for call in abandoned:
        store.ledger.end(call.id, _estimated(call.record, call.answer_text, price))
    if abandoned:
        log.warning("%d model calls were cut off by the end of their process; their cost is estimated", len(abandoned))
    return len(abandoned)


def _estimated(record: CallRecord, answer_text: str, price: Callable[[Usage], int]) -> CallRecord:
    ended = replace(record, outcome=Outcome.INTERRUPTED, estimated=True)
    if record.route != Route.CLOUD:
        return ended
    usage = Usage(record.input_tokens, rough_tokens(answer_text))
    return replace(ended, output_tokens=usage.output_tokens, cost_microusd=price(usage))


def _outcome(error: BaseException) -> Outcome:
    match error:
        case ProviderTimeoutError():
            return Outcome.TIMEOUT
        case ProviderCutError():
            return Outcome.CUT
        case asyncio.CancelledError():
            return Outcome.STOPPED
        case _:
            return Outcome.FAILED
