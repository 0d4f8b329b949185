"""One call of a server: its words while they arrive, how it ended, and what it used."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from contextvars import copy_context
from typing import Protocol

import openai

from chatapp.backends.base import ChatMessage, Request, Stage, Token, Usage
from chatapp.backends.cloud.attempts import CURRENT, Attempts
from chatapp.backends.cloud.chunks import Piece, read_chunk
from chatapp.backends.cloud.ending import Ending, ended_by
from chatapp.backends.cloud.events import Chunks
from chatapp.backends.cloud.faults import logged, server_fault, stalled
from chatapp.backends.cloud.habits import Habits
from chatapp.backends.cloud.server import ModelServer
from chatapp.backends.cloud.usage import Written
from chatapp.backends.legible import Pairs
from chatapp.backends.pipe import Pipe
from chatapp.backends.thinking import Thinking
from chatapp.errors import ProviderCutError, ProviderError, ProviderFilteredError

log = logging.getLogger(__name__)


class Asked(Protocol):
    """What a call needs of the backend that it belongs to."""

    @property
    def server(self) -> ModelServer:
        """Where it is, and how long it may take."""

    @property
    def habits(self) -> Habits:
        """How the server ends its answers, as far as is known."""

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """An estimate on the safe side."""

    def learn(self, messages: Sequence[ChatMessage], reported_tokens: int) -> None:
        """Take in one exact figure of the server."""

    def give_up_logprobs(self) -> bool:
        """Ask for no probabilities from now on; false where that changes nothing."""

    def ask_for_logprobs(self) -> None:
        """Ask for them again."""

    async def open(self, request: Request) -> Chunks:
        """Send the call and give the chunks of its answer."""


class ServerStream:
    """One call. A task of its own reads from the server, so that a slow consumer does not affect the time limits."""

    compute_s = 0.0

    def __init__(self, backend: Asked, request: Request) -> None:
        self._backend = backend
        self._server = backend.server
        self._request = request
        self._pipe = Pipe()
        self._task: asyncio.Task[None] | None = None
        self._attempts = Attempts(backend.server.retries)
        self._pairs, self._thinking = Pairs(), Thinking(unopened=backend.habits.thinks_unopened)
        self._written, self._said = Written(), Written()
        self._ending = Ending()
        self._logprobs: list[float] = []
        self._stage = Stage.WAITING
        self._silent = False
        self._input_tokens = 0
        self._exact: Usage | None = None

    @property
    def stage(self) -> Stage:
        """Where the call stands."""
        return Stage.BUSY if self._attempts.busy and self._stage is Stage.WAITING else self._stage

    @property
    def usage(self) -> Usage:
        """The server's figures once it said them; until then the prompt counted, and what came, thinking included.

        Zero when the server was not reached or refused: such a call is not billed.
        """
        served = self._written.pieces or any(attempt.served for attempt in self._attempts.made[-1:])
        return self._exact or Usage(self._input_tokens if served else 0, self._written.tokens)

    @property
    def lost(self) -> Sequence[Usage]:
        """The prompt of each try that was sent again although the server may have served it."""
        return [Usage(self._input_tokens) for attempt in self._attempts.made[:-1] if attempt.may_be_billed]

    async def __aiter__(self) -> AsyncIterator[Token]:
        """Pieces of the answer. Raises ProviderError."""
        if self._task is None:
            context = copy_context()
            context.run(CURRENT.set, self._attempts)
            self._task = asyncio.create_task(self._run(), context=context)
        try:
            async for token in self._pipe.read():
                yield token
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Drop the connection, so that the server stops."""
        self._pipe.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            await self._answer()
            fault = self._end()
        except Exception as error:
            fault = self._fault(error)
            log.warning("A %s call failed: %s It said: %s", self._server.route, fault.what, logged(error, self._server))
        else:
            if fault:
                log.warning("A %s call failed: %s", self._server.route, fault.what)
        self._pipe.end(fault)

    async def _answer(self) -> None:
        self._input_tokens = self._backend.count_tokens(self._request.messages)
        async with asyncio.timeout(self._server.total_timeout_s):
            try:
                async with asyncio.timeout(self._server.first_token_timeout_s) as silence:
                    await self._read(silence)
                    if self._nothing_came and self._backend.give_up_logprobs():
                        await self._read_anew(silence)
                        if self._nothing_came:  # it was not the probabilities
                            self._backend.ask_for_logprobs()
            except TimeoutError:
                self._silent = True
                raise
        if self._exact is not None:
            self._backend.learn(self._request.messages, self._exact.input_tokens)

    async def _read(self, silence: asyncio.Timeout) -> None:
        chunks = await self._backend.open(self._request)
        async with aclosing(chunks.read()) as values:
            async for value in values:
                if self._take(read_chunk(value)):
                    self._expect_more(silence)
                if self._said.exceeds(self._request.max_tokens):
                    self._ending.finish = "length"
                    break
        self._ending.marked = chunks.done

    async def _read_anew(self, silence: asyncio.Timeout) -> None:
        """Once more; and again where that took the connection that the server is closing."""
        try:
            await self._read(silence)
        except openai.APIConnectionError:
            await self._read(silence)

    @property
    def _nothing_came(self) -> bool:
        """Whether the stream has ended without any sign of an answer: some servers break so over a parameter."""
        return not (self._written.pieces or self._ending.finish or self._ending.marked)

    def _expect_more(self, silence: asyncio.Timeout) -> None:
        """The next sign of life is due within the stall limit, but the first word not before its own."""
        due = asyncio.get_running_loop().time() + self._server.stall_timeout_s
        silence.reschedule(due if self._pipe.started else max(due, silence.when() or due))

    def _take(self, piece: Piece) -> bool:
        """Use one chunk of the stream; true when it is a sign of life."""
        self._exact = piece.usage or self._exact
        self._ending.finish = piece.finish or self._ending.finish
        self._ending.called = self._ending.called or piece.called
        if piece.alive:
            self._written.add(piece.text + piece.thought)
            self._said.add(piece.text)
        self._logprobs += piece.logprobs
        self._backend.habits.gives_logprobs |= bool(piece.logprobs)
        thinking = self._thinking.inside
        self._say(*self._thinking.feed(self._pairs.feed(piece.text)))
        if thinking or piece.thought or self._thinking.inside:
            self._logprobs.clear()
        if piece.thought or self._thinking.inside:
            self._ending.thought = True
            self._stage = Stage.THINKING if self._stage is Stage.WAITING else self._stage
        return piece.alive

    def _say(self, text: str, withdrawn: bool = False) -> None:
        if withdrawn:
            self._ending.text = ""
            self._ending.thought = True
        self._ending.text += text
        if text or withdrawn:
            self._stage = Stage.ANSWERING
            self._pipe.put(Token(text, self._logprob(), withdrawn))

    def _logprob(self) -> float | None:
        """The mean of the tokens since the last piece that was said; None where the server gave none."""
        given, self._logprobs = self._logprobs, []
        return sum(given) / len(given) if given else None

    def _end(self) -> ProviderError | None:
        """How a stream that ended without an error has ended."""
        self._say(*self._thinking.feed(self._pairs.finish()))
        self._say(self._thinking.finish())
        habits = self._backend.habits
        habits.thinks_unopened = self._thinking.unopened if self._ending.text else habits.thinks_unopened
        self._stage, fault = ended_by(self._ending, habits.gives_reasons, self._server)
        if self._ending.text:
            habits.ended(self._ending.finish)
        return fault

    def _fault(self, error: Exception) -> ProviderError:
        """What an error is; after words had come, a lost server has cut the answer."""
        fault = server_fault(error, self._server)
        if not self._pipe.started:
            return fault
        if isinstance(error, TimeoutError):
            return stalled(self._server, silent=self._silent)
        filtered = isinstance(fault, ProviderFilteredError)
        return fault if filtered else ProviderCutError(*self._ending.cut(self._server))
