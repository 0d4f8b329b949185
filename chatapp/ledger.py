"""The ledger: one row for every model call, whatever became of it, so that it adds up to the provider's bill."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType

from chatapp.backends.base import Backend, Request, Stream, Token
from chatapp.errors import ProviderCutError, ProviderError, ProviderTimeoutError
from chatapp.store import CallRecord, Store, Turn
from chatapp.store.models import Outcome, Purpose
from router.types import Route


class MeteredCall:
    """One model call, timed and booked.

    `async with MeteredCall(...) as call:` and then `async for token in call`. On leaving the block the stream is
    closed and the row written, also when the turn was stopped or the provider failed. `outcome` may be set inside
    the block, where the caller ends a call for a reason of its own (unsupported, degenerate).
    """

    def __init__(
        self,
        store: Store,
        backend: Backend,
        request: Request,
        *,
        turn: Turn,
        purpose: Purpose,
        spent: Callable[[int], None] = lambda _microusd: None,
    ) -> None:
        self.outcome = Outcome.OK
        self.ttft_ms: float | None = None
        self.cost_microusd = 0
        self._store, self._backend, self._request = store, backend, request
        self._turn, self._purpose, self._turn_spent = turn, purpose, spent
        self._stream: Stream | None = None
        self._began = 0.0

    async def __aenter__(self) -> "MeteredCall":
        self._began = time.perf_counter()
        self._stream = self._backend.stream(self._request)
        return self

    async def __aiter__(self) -> AsyncIterator[Token]:
        assert self._stream is not None
        async for token in self._stream:
            if self.ttft_ms is None:
                self.ttft_ms = self._elapsed_ms()
            yield token

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await asyncio.shield(self._book(error))

    async def _book(self, error: BaseException | None) -> None:
        """Close the stream and write the row, also while the turn is being stopped."""
        assert self._stream is not None
        await self._stream.aclose()
        usage, total_ms = self._stream.usage, self._elapsed_ms()
        self.cost_microusd = self._backend.cost_microusd(usage, self._stream.compute_s)
        record = CallRecord(
            turn_id=self._turn.id,
            conversation_id=self._turn.conversation_id,
            purpose=self._purpose,
            route=Route(self._backend.name),
            model=_named(self._backend, self._request),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            estimated=usage.estimated,
            cost_microusd=self.cost_microusd,
            ttft_ms=self.ttft_ms,
            total_ms=total_ms,
            outcome=_outcome(error) if error and self.outcome is Outcome.OK else self.outcome,
            error_code=error.code if isinstance(error, ProviderError) else None,
        )
        self._turn_spent(self.cost_microusd)
        await asyncio.to_thread(self._store.record_call, record)

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self._began) * 1000


def _named(backend: Backend, request: Request) -> str:
    """The model, and the folder of the adapter over it: a release's id, or a pack's name."""
    return f"{backend.model}+{request.adapter.parent.name}" if request.adapter else backend.model


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
