"""A backend that repeats its earlier answers: a measurement asks many prompts twice, at temperature 0."""

from collections.abc import AsyncIterator, Sequence

from chatapp.backends.base import Backend, ChatMessage, Request, Stage, Stream, Token, Usage


class Remembering:
    """`backend`, each request to which is answered once. Only answers that came to their end are remembered."""

    def __init__(self, backend: Backend) -> None:
        self._backend, self._said = backend, dict[Request, Said]()
        self.name, self.model, self.context_tokens = backend.name, backend.model, backend.context_tokens

    def stream(self, request: Request) -> Stream:
        """The answer of before where there is one, at once and at no cost; else the backend's."""
        return self._said.get(request) or Heard(self._backend.stream(request), request, self._said)

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """As the backend does."""
        return self._backend.count_tokens(messages)

    def cost_microusd(self, usage: Usage, seconds: float) -> int:
        """As the backend does."""
        return self._backend.cost_microusd(usage, seconds)

    async def aclose(self) -> None:
        """Close the backend."""
        await self._backend.aclose()


class Said:
    """An answer of before; it can be said any number of times."""

    compute_s = 0.0
    stage = Stage.WHOLE
    lost: Sequence[Usage] = ()

    def __init__(self, tokens: Sequence[Token], usage: Usage) -> None:
        self._tokens, self.usage = tuple(tokens), usage

    async def __aiter__(self) -> AsyncIterator[Token]:
        """Its tokens."""
        for token in self._tokens:
            yield token

    async def aclose(self) -> None:
        """Nothing is under way."""


class Heard:
    """A running call that is written down when it has come to its end."""

    def __init__(self, stream: Stream, request: Request, said: dict[Request, Said]) -> None:
        self._stream, self._request, self._said = stream, request, said

    @property
    def usage(self) -> Usage:
        """The call's."""
        return self._stream.usage

    @property
    def stage(self) -> Stage:
        """The call's."""
        return self._stream.stage

    @property
    def lost(self) -> Sequence[Usage]:
        """The call's."""
        return self._stream.lost

    @property
    def compute_s(self) -> float:
        """The call's."""
        return self._stream.compute_s

    async def __aiter__(self) -> AsyncIterator[Token]:
        """The call's tokens. Raises what the call raises."""
        tokens = []
        async for token in self._stream:
            tokens.append(token)
            yield token
        self._said[self._request] = Said(tokens, self.usage)

    async def aclose(self) -> None:
        """End the call."""
        await self._stream.aclose()
