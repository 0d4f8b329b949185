"""The shipped fake: a backend that answers by a script and records its requests."""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from chatapp.backends.base import ChatMessage, Request, Stage, Token, Usage
from chatapp.errors import LocalModelError, ProviderError

Reply = str | ProviderError | tuple[Sequence[str], ProviderError]
Script = Iterable[Reply] | Callable[[Request], Reply]

_WORD = re.compile(r"\s*\S+\s*$|\s*\S+")


class ScriptedBackend:
    """Answers in order from a list, or by a callable of the request; `requests` holds every request begun.

    A reply is a text (streamed word by word, so that the pieces joined are the text), a ProviderError, or
    (pieces, error): what comes before the error. A token is a word. `delay_s` is the pause before each token. `stage`
    and `lost` are what its calls say of themselves.
    """

    stage = Stage.WHOLE
    lost: Sequence[Usage] = ()

    def __init__(self, script: Script = (), name: str = "local", delay_s: float = 0.0) -> None:
        self.name = name
        self.model = f"scripted-{name}"
        self.context_tokens = 4096
        self.delay_s = delay_s
        self.requests: list[Request] = []
        self.closed = False
        self._say = script if callable(script) else _in_order(script)

    def stream(self, request: Request) -> "ScriptedStream":
        """A call that takes its reply from the script when its iteration begins."""
        return ScriptedStream(self, request)

    def reply(self, request: Request) -> Reply:
        """Record the request and give the script's reply to it."""
        self.requests.append(request)
        return self._say(request)

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Words of all messages."""
        return sum(len(message.content.split()) for message in messages)

    def cost_microusd(self, usage: Usage, seconds: float) -> int:  # noqa: ARG002 - the contract's signature
        """One micro-dollar a token."""
        return usage.input_tokens + usage.output_tokens

    async def aclose(self) -> None:
        """Set `closed`."""
        self.closed = True


class ScriptedStream:
    """One call of the script."""

    def __init__(self, backend: ScriptedBackend, request: Request) -> None:
        self._backend = backend
        self._request = request
        self._closed = False
        self.usage = Usage()
        self.compute_s = 0.0
        self.stage, self.lost = backend.stage, backend.lost

    async def __aiter__(self) -> AsyncIterator[Token]:
        """The reply's tokens. Raises its ProviderError."""
        pieces, error = _parts(self._backend.reply(self._request))
        prompt = self._backend.count_tokens(self._request.messages)
        for count, piece in enumerate(pieces, 1):
            await asyncio.sleep(self._backend.delay_s)
            if self._closed:
                return
            self.usage = Usage(prompt, count)
            yield Token(piece, math.log(0.9))
        if error is not None:
            error.answer_started = bool(pieces)
            raise error
        self.usage = Usage(prompt, len(pieces), estimated=False)

    async def aclose(self) -> None:
        """End the call before its next token."""
        self._closed = True


def _parts(reply: Reply) -> tuple[Sequence[str], ProviderError | None]:
    if isinstance(reply, str):
        return _WORD.findall(reply), None
    return ([], reply) if isinstance(reply, ProviderError) else reply


def _in_order(replies: Iterable[Reply]) -> Callable[[Request], Reply]:
    left = iter(replies)
    empty = LocalModelError("The script has no reply left.", "Give ScriptedBackend one reply for each request.")
    return lambda _request: next(left, empty)
