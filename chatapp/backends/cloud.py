"""The cloud as a backend: any server that speaks OpenAI's chat completions."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import openai

from chatapp.backends.base import ChatMessage, Request, Token, Usage
from chatapp.backends.cloud_client import cloud_client
from chatapp.backends.cloud_dialect import Dialect
from chatapp.backends.cloud_faults import cloud_fault
from chatapp.backends.cloud_usage import exact, price_microusd, rough_count
from chatapp.backends.pipe import Pipe
from chatapp.errors import ProviderCutError, ProviderError, ProviderFaultError, ProviderUnreachableError
from chatapp.settings import Settings

Counter = Callable[[Sequence[ChatMessage]], int]

_RETRY_AFTER_S = 0.25
_RATIO_CAP = 4.0  # a server whose usage is nonsense must not starve the context


class CloudBackend:
    """An OpenAI-compatible server.

    `counter` counts tokens with any tokenizer; what the server reports corrects it. A call that does not
    reach the server, or meets a 5xx, is sent once more; never one that it refused, or whose answer had begun.
    """

    name = "cloud"

    def __init__(self, settings: Settings, counter: Counter | None = None) -> None:
        self.settings = settings
        self.model: str = settings.cloud_model
        self.context_tokens: int = settings.cloud_context_tokens
        self._dialect = Dialect()
        self._counter = counter or rough_count
        self._counted = self._reported = 0
        self._client = cloud_client(settings)

    def __repr__(self) -> str:
        return f"CloudBackend({self.settings.cloud_base_url!r}, {self.model!r})"

    def stream(self, request: Request) -> "CloudStream":
        """A call that begins with its iteration."""
        return CloudStream(self, request)

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """An estimate on the safe side: the counter's figure times `ratio`."""
        return math.ceil(self._counter(messages) * self.ratio)

    @property
    def ratio(self) -> float:
        """Reported to counted prompt tokens over all calls so far, 1.0 to 4.0; long prompts weigh more."""
        return min(_RATIO_CAP, max(1.0, self._reported / self._counted)) if self._counted else 1.0

    def learn(self, messages: Sequence[ChatMessage], reported_tokens: int) -> None:
        """Take one exact figure of the server into the ratio."""
        self._counted += self._counter(messages)
        self._reported += reported_tokens

    def cost_microusd(self, usage: Usage, seconds: float) -> int:  # noqa: ARG002 - tokens are what costs
        """Tokens at FIRSTLINE_CLOUD_PRICE_*."""
        return price_microusd(self.settings, usage)

    async def check(self) -> None:
        """Ask for the list of models, which costs nothing. Raises ProviderError."""
        try:
            async with asyncio.timeout(self.settings.cloud_first_token_timeout_s):
                await self._client.models.list()
        except Exception as error:
            raise cloud_fault(error, self.settings) from None

    async def create(self, request: Request) -> AsyncIterator[Any]:
        """Open the stream of chunks. Raises what the client raises."""
        tries = 0
        while True:
            sent = self._dialect.arguments(request, self.model)
            try:
                return await self._client.chat.completions.create(**sent)  # type: ignore[no-any-return]
            except (openai.APIStatusError, openai.APIConnectionError) as error:
                if self._dialect.adapt(error, sent):
                    continue
                if tries or not _worth_another(error):
                    raise
            tries += 1
            await asyncio.sleep(_RETRY_AFTER_S)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()


class CloudStream:
    """One call. A task of its own reads the server, so that a slow reader of ours never slows the clock."""

    def __init__(self, backend: CloudBackend, request: Request) -> None:
        self._backend = backend
        self._settings = backend.settings
        self._request = request
        self._pipe = Pipe()
        self._task: asyncio.Task[None] | None = None
        self._pieces = self._chars = 0
        self._finish = ""
        self._input_tokens = 0
        self._exact: Usage | None = None
        self.compute_s = 0.0

    @property
    def usage(self) -> Usage:
        """The server's figures once it said them; until then the prompt counted and the pieces that came.

        Zero when the server was not reached or refused: such a call is not billed.
        """
        several_a_piece = math.ceil(self._chars / 5)
        return self._exact or Usage(self._input_tokens, max(self._pieces, several_a_piece))

    async def __aiter__(self) -> AsyncIterator[Token]:
        """Pieces of the answer. Raises ProviderError."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            async for token in self._pipe.read():
                yield token
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Drop the connection, by which the server learns that nobody listens."""
        self._pipe.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            await self._answer()
            self._pipe.end(self._flaw())
        except Exception as error:
            self._pipe.end(self._fault(error))

    async def _answer(self) -> None:
        async with asyncio.timeout(self._settings.cloud_total_timeout_s):
            async with asyncio.timeout(self._settings.cloud_first_token_timeout_s) as first_word:
                async for chunk in await self._open():
                    if self._take(chunk):
                        first_word.reschedule(None)
        if self._exact is not None:
            self._backend.learn(self._request.messages, self._exact.input_tokens)

    async def _open(self) -> AsyncIterator[Any]:
        self._input_tokens = self._backend.count_tokens(self._request.messages)
        try:
            return await self._backend.create(self._request)
        except openai.APIError:
            self._input_tokens = 0
            raise

    def _fault(self, error: Exception) -> ProviderError:
        fault = cloud_fault(error, self._settings)
        lost = isinstance(fault, ProviderUnreachableError | ProviderFaultError)
        return self._cut() if lost and self._pipe.started else fault

    def _take(self, chunk: Any) -> bool:
        """Use one chunk of the stream; true when it had text."""
        self._exact = exact(getattr(chunk, "usage", None)) or self._exact
        choice = next(iter(getattr(chunk, "choices", None) or ()), None)
        if choice is None:
            return False
        self._finish = choice.finish_reason or self._finish
        text = choice.delta.content or choice.delta.refusal or ""
        if text:
            self._pieces += 1
            self._chars += len(text)
            self._pipe.put(Token(text))
        return bool(text)

    def _flaw(self) -> ProviderError | None:
        """What is wrong with a stream that ended without an error, if anything."""
        if not self._pipe.started:
            return ProviderFaultError(
                f"The cloud model {self._backend.model!r} gave an empty answer, ended by {self._finish!r}.",
                "Raise FIRSTLINE_CLOUD_MAX_TOKENS if the model thinks before it writes."
                if self._finish
                else "See its log; some end so when FIRSTLINE_CLOUD_PROMPT_TOKENS is more than they take.",
            )
        return None if self._finish else self._cut()

    def _cut(self) -> ProviderCutError:
        return ProviderCutError(
            f"The cloud server {self._settings.cloud_base_url!r} ended the answer in the middle, after "
            f"{self._pieces} pieces.",
            "Ask again; if it stays, a proxy before FIRSTLINE_CLOUD_BASE_URL may cut long responses.",
        )


def _worth_another(error: openai.APIError) -> bool:
    return not isinstance(error, openai.APIStatusError) or error.status_code >= 500
