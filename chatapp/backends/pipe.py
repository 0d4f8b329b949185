"""Carries tokens from the producer to the consumer."""

import asyncio
from collections.abc import AsyncIterator

from chatapp.backends.base import Token
from chatapp.errors import ProviderError


class Pipe:
    """An unbounded queue with an end: tokens, then either the end or one ProviderError.

    Invariants: everything put before the end is read, in order; what is put after it is dropped; a second
    reading comes to the same end at once; the error says in `answer_started` whether a token came before it.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Token | ProviderError | None] = asyncio.Queue()
        self._ended = False
        self.started = False

    def put(self, token: Token) -> None:
        """Add a token. To be called on the event loop's thread, as `end`."""
        if not self._ended:
            self.started = True
            self._queue.put_nowait(token)

    def end(self, error: ProviderError | None = None) -> None:
        """Close the pipe, with the error that ended it if one did; only the first call counts."""
        if not self._ended:
            self._ended = True
            if error is not None:
                error.answer_started = self.started
            self._queue.put_nowait(error)

    async def read(self) -> AsyncIterator[Token]:
        """Tokens until the end. Raises the ProviderError that ended it."""
        while isinstance(item := await self._queue.get(), Token):
            yield item
        self._queue.put_nowait(item)
        if item is not None:
            raise item
