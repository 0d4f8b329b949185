"""A server as a backend, and the cloud as one: whatever speaks OpenAI's chat completions."""

import logging
import math
from collections.abc import Callable, Sequence

import openai

from chatapp.addresses.shown import shown_url
from chatapp.backends.base import ChatMessage, Request, Usage
from chatapp.backends.cloud.attempts import CURRENT, HOOKS
from chatapp.backends.cloud.client import client_of
from chatapp.backends.cloud.dialect import Dialect
from chatapp.backends.cloud.events import Chunks
from chatapp.backends.cloud.habits import Habits
from chatapp.backends.cloud.server import ModelServer, cloud_server
from chatapp.backends.cloud.stream import ServerStream
from chatapp.backends.cloud.usage import price_microusd, rough_count
from chatapp.settings import Settings

log = logging.getLogger(__name__)

Counter = Callable[[Sequence[ChatMessage]], int]

_RATIO_CAP = 4.0  # a server whose usage is nonsense must not starve the context
_ADAPTIONS = 8  # how often one call is sent anew because of what it refuses


class ServerBackend:
    """An OpenAI-compatible server.

    `counter` counts tokens with any tokenizer; what the server reports corrects it. What the server takes and how it
    ends its answers is learned from it, for the life of the backend. docs/providers.md says what is done for which
    behaviour.
    """

    def __init__(self, server: ModelServer, counter: Counter | None = None) -> None:
        """Raises SettingError for a proxy or certificates that cannot be used."""
        self.server = server
        self.model: str = server.model
        self.context_tokens: int = server.context_tokens
        self.habits = Habits()
        self.client = client_of(server, event_hooks=HOOKS)
        self._dialect = Dialect(logprobs=server.logprobs)
        self._counter = counter or rough_count
        self._counted = self._reported = 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown_url(self.server.base_url)!r}, {self.model!r})"

    def stream(self, request: Request) -> ServerStream:
        """A call that begins with its iteration."""
        return ServerStream(self, request)

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

    def give_up_logprobs(self) -> bool:
        """Ask for no probabilities from now on, if they were asked for and never given; tells whether that changes
        anything.
        """
        gave_up = not self.habits.gives_logprobs and self._dialect.give_up_logprobs()
        if gave_up:
            log.warning("the server %r breaks over log-probabilities, and is asked for none", self.model)
        return gave_up

    def ask_for_logprobs(self) -> None:
        """Ask for them after all."""
        self._dialect.ask_for_logprobs()

    async def open(self, request: Request) -> Chunks:
        """Send the call and give the chunks of its answer. Raises what the client raises."""
        for _ in range(_ADAPTIONS):
            sent = self._dialect.arguments(request, self.model)
            try:
                raw = await self.client.chat.completions.with_raw_response.create(**sent)
                return Chunks(raw.http_response)
            except openai.APIStatusError as error:
                refused = self._dialect.adapt(error, sent)
                if not refused:
                    raise
                if attempts := CURRENT.get():
                    attempts.refused()
                log.info("the server of %r does not take %s; it is left out from now on", self.model, refused)
                last = error
        raise last

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.close()


class CloudBackend(ServerBackend):
    """The server of FIRSTLINE_CLOUD_BASE_URL."""

    name = "cloud"

    def __init__(self, settings: Settings, counter: Counter | None = None) -> None:
        super().__init__(cloud_server(settings), counter)
        self._settings = settings

    def cost_microusd(self, usage: Usage, seconds: float) -> int:  # noqa: ARG002 - tokens are what costs
        """Tokens at FIRSTLINE_CLOUD_PRICE_*."""
        return price_microusd(self._settings, usage)
