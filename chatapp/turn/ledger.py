"""The ledger: one row per model call, whatever its outcome, so that the rows add up to the provider's bill.

The row is written before the call, at the cost of the prompt, and completed after it. A process that dies during a call
leaves an `open` row, whose cost `close_abandoned` estimates.

A request that was retried although the server may have served it gets a row of its own: the provider bills two calls.
Added to the row of the call that answered, its tokens would look like those of one longer prompt.
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
    """One model call, timed and recorded in the ledger.

    `async with MeteredCall(...) as call:` and then `async for token in call`. Leaving the block closes the stream and
    completes the row, also when the turn was stopped or the provider failed. The caller may set `outcome` inside the
    block, if it ends the call for a reason of its own (unsupported, degenerate). `spent` is told the whole cost.

    Entering raises DatabaseError if the row cannot be written; the call is then not made.
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
        self._store, self._backend, self._request = store, backend, request
        self._turn_id, self._conversation_id, self._purpose, self._turn_spent = turn_id, conversation_id, purpose, spent
        self._stream = backend.stream(request)
        self._began: float
        self._row: int

    async def __aenter__(self) -> "MeteredCall":
        self._began = time.perf_counter()
        opening = asyncio.create_task(asyncio.to_thread(self._open))
        try:
            self._row = await asyncio.shield(opening)
        except asyncio.CancelledError as stop:  # the row is being written, and must not remain open
            with suppress(DatabaseError):  # no row, so no call: the turn still ends as stopped
                self._row = await opening
                await self._book(stop)
            raise
        return self

    @property
    def stage(self) -> Stage:
        """How far the call has come; after its end, how it ended."""
        return self._stream.stage

    @property
    def place(self) -> int:
        """How many calls the backend begins before this one, itself included; 0 where it has begun or has no line."""
        return int(getattr(self._stream, "place", 0))

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
        """Write the row of the call that is about to be made, at the cost of its prompt."""
        try:
            prompt = Usage(self._backend.count_tokens(self._request.messages))
        except FirstlineError:  # the call itself will raise what is wrong
            prompt = Usage()
        cost_microusd = self._backend.cost_microusd(prompt, 0.0)
        return self._store.ledger.begin(self._record(prompt, cost_microusd, Outcome.OPEN))

    async def _book(self, error: BaseException | None) -> None:
        """Close the stream and complete the row; runs to its end even while the turn is cancelled."""
        await self._stream.aclose()
        usage = self._stream.usage
        cost_microusd = self._backend.cost_microusd(usage, self._stream.compute_s)
        outcome = _outcome(error) if error and self.outcome is Outcome.OK else self.outcome
        record = replace(
            self._record(usage, cost_microusd, outcome),
            ttft_ms=self.ttft_ms,
            total_ms=self._elapsed_ms(),
            error_code=error.code if isinstance(error, ProviderError) else None,
        )
        lost = [self._lost(usage) for usage in self._stream.lost]
        self._turn_spent(cost_microusd + sum(each.cost_microusd for each in lost))
        await asyncio.to_thread(self._store.ledger.end, self._row, record, lost)

    def _lost(self, usage: Usage) -> CallRecord:
        """The row of a request that may have been served and billed, although no answer arrived."""
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
    """Mark every open call of a dead process as `interrupted`, and return how many there were.

    The cost of a cloud call is estimated at `price` from its prompt, as counted when it began, and from what was saved
    of its answer; tokens after the last save are unknown. Where other processes share the database, pass
    `began_before`: only calls older than any that can still be running are closed. If one is closed by mistake, its own
    process corrects it. Raises DatabaseError.
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
