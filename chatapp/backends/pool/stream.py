"""One call of a pool: given to one server after the other, until one has begun to answer."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from chatapp.backends.base import Request, Stage, Token, Usage
from chatapp.backends.cloud.stream import ServerStream
from chatapp.backends.pool.member import Member
from chatapp.backends.pool.shared_time import Share
from chatapp.errors import ProviderContextError, ProviderError, ProviderFilteredError

OF_THE_PROMPT = ProviderContextError, ProviderFilteredError
"""Failures that another server with the same model would only repeat."""


class Chooser(Protocol):
    """What a call needs of its pool."""

    def choose(self, failed: Mapping[Member, ProviderError]) -> Member:
        """The server for the next try. Raises ProviderError where none is left."""


@dataclass(frozen=True, slots=True)
class _Try:
    """The call at one server."""

    stream: ServerStream
    share: Share

    async def aclose(self) -> None:
        await self.stream.aclose()
        self.share.end()


class PoolStream:
    """One call. `compute_s` is its share of the servers' time, tries that failed included."""

    def __init__(self, pool: Chooser, request: Request) -> None:
        self._pool, self._request = pool, request
        self._tries: list[_Try] = []
        self._closed = False

    @property
    def stage(self) -> Stage:
        """Where the last try stands."""
        return self._tries[-1].stream.stage if self._tries else Stage.WAITING

    @property
    def usage(self) -> Usage:
        """Of the last try."""
        return self._tries[-1].stream.usage if self._tries else Usage()

    @property
    def lost(self) -> Sequence[Usage]:
        """Of each earlier try that a server may have worked on."""
        return [one.stream.usage for one in self._tries[:-1] if one.stream.usage.input_tokens]

    @property
    def compute_s(self) -> float:
        """Its share of the servers' time so far, in seconds."""
        return sum(one.share.seconds for one in self._tries)

    async def __aiter__(self) -> AsyncIterator[Token]:
        """Pieces of the answer. Raises ProviderError."""
        failed: dict[Member, ProviderError] = {}
        began = monotonic()
        while not self._closed:
            member = self._pool.choose(failed)
            trial = _Try(member.backend.stream(self._request), member.time.join())
            self._tries.append(trial)
            try:
                async for token in trial.stream:
                    member.answered()
                    yield token
                return
            except OF_THE_PROMPT:
                raise
            except ProviderError as error:
                member.failed(error)
                if error.answer_started or monotonic() - began > member.server.total_timeout_s:
                    raise
                failed[member] = error
            finally:
                trial.share.end()

    async def aclose(self) -> None:
        """End the call wherever it runs."""
        self._closed = True
        for one in self._tries:
            await one.aclose()
