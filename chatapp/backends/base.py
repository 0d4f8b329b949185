"""What a model backend is: messages in, a stream of tokens out, and what they cost.

A backend is a small class. `LocalBackend`, `Pool`, `CloudBackend` and the shipped fake `ScriptedBackend` are the four.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message as a model sees it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One call to a model. `max_tokens` bounds the answer; `temperature` 0 and a fixed `seed` make it repeatable.

    `adapter` is the LoRA file (GGUF) that the local model answers with, None for the base model. `source` is a text
    that the answer may repeat, which makes it quicker and no other. `alike` are prompts with which this one has a
    beginning in common, as later ones will have; a backend may keep it warm. `attended` says whether somebody waits for
    the answer now.
    """

    messages: tuple[ChatMessage, ...]
    max_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0
    adapter: Path | None = None
    source: str = ""
    alike: "tuple[tuple[ChatMessage, ...], ...]" = ()
    attended: Callable[[], bool] = field(default=lambda: True, compare=False)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer as it came. `logprob` is natural-log probability, None where the backend gives none.

    With `replaces`, what came before it was not the answer, and this stands in its place.
    """

    text: str
    logprob: float | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `cached_tokens` is the part of `input_tokens` that the server did not compute again.

    `estimated` is true while, or because, the provider has not said the exact figures (an aborted stream).
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = True


class Stage(StrEnum):
    """The stage of a call: under way (the first four), or ended without an error (the others)."""

    WAITING = "waiting"
    BUSY = "busy"
    """The server is busy, and will be asked again in a moment."""
    THINKING = "thinking"
    ANSWERING = "answering"
    WHOLE = "whole"
    LENGTH = "length"
    """Cut at its longest length."""
    FILTERED = "filtered"
    """Ended early by the provider's content filter."""
    UNCERTAIN = "uncertain"
    """Ended without a sign that it is whole, where this server usually gives one."""


class Stream(Protocol):
    """A running call: iterate for tokens; `usage` is the best knowledge so far, exact after the end where known.

    Raises a `ProviderError` of `chatapp.errors` and no other exception. `aclose` ends the call and is safe to repeat.
    """

    @property
    def stage(self) -> Stage:
        """Where the call stands."""
        ...

    @property
    def lost(self) -> Sequence[Usage]:
        """Earlier attempts of this call that the server may have served and billed, and whose answer never came."""
        ...

    @property
    def usage(self) -> Usage: ...

    @property
    def compute_s(self) -> float:
        """Seconds that the model has worked on this call so far, without the time in the queue."""
        ...

    def __aiter__(self) -> AsyncIterator[Token]: ...

    async def aclose(self) -> None: ...


async def whole_text(tokens: AsyncIterable[Token]) -> str:
    """The whole text of a call. Raises what the call raises."""
    said = ""
    async for token in tokens:
        said = token.text if token.replaces else said + token.text
    return said


class Backend(Protocol):
    """Where answers come from.

    `name` is the route (`local` or `cloud`), `model` what the ledger calls it, `context_tokens` the longest prompt
    plus answer that it takes.
    """

    name: str
    model: str
    context_tokens: int

    def stream(self, request: Request) -> Stream: ...

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens of the prompt these messages make, chat template included."""
        ...

    def cost_microusd(self, usage: Usage, seconds: float) -> int:
        """What the call cost in micro-dollars: by tokens for a cloud, by `seconds` of compute for local."""
        ...

    async def aclose(self) -> None: ...


def compute_microusd(hourly_usd: float, seconds: float) -> int:
    """What so much of a machine's time costs, in micro-dollars, rounded up."""
    dollars = Decimal(str(seconds)) * Decimal(str(hourly_usd)) / 3600
    return int((dollars * 1_000_000).to_integral_value(ROUND_CEILING))


def model_name(backend: Backend, adapter: Path | None) -> str:
    """What answers, by name: the model, and the folder of the adapter over it (a release's id, or a pack's name)."""
    return f"{backend.model}+{adapter.parent.name}" if adapter else backend.model
