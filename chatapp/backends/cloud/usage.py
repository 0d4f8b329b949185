"""What a cloud call used and costs: the server's own figures where it sends them, otherwise estimates."""

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from chatapp.backends.base import ChatMessage, Usage
from chatapp.settings import Settings

_FRAME_TOKENS = 4  # what a chat template puts around a message
_NONSENSE_TOKENS = 50_000_000  # more than any model reads or writes in one call
_WIDE = 0x2E80  # from here on scripts write about a token a character


def exact(figures: Any) -> Usage | None:
    """The server's own figures, or None where it sends none (or zeros, as some do until the end).

    `figures` is the `usage` of a chunk, an object of the client or a mapping. Reasoning that a server counts beside
    `completion_tokens`, so that only the total holds it, is output: it is billed as such. Reasoning inside them is not
    added again.
    """
    prompt = _count(figures, "prompt_tokens")
    if not prompt:
        return None
    completion = _count(figures, "completion_tokens")
    reasoning = _count(field(figures, "completion_tokens_details"), "reasoning_tokens")
    beside = completion + reasoning if reasoning > completion else 0
    output = max(completion, _count(figures, "total_tokens") - prompt, beside)
    cached = _count(field(figures, "prompt_tokens_details"), "cached_tokens")
    cached = cached or _count(figures, "prompt_cache_hit_tokens") or _count(figures, "cached_tokens")
    return Usage(prompt, output, min(cached, prompt), estimated=False)


def price_microusd(settings: Settings, usage: Usage) -> int:
    """Tokens at FIRSTLINE_CLOUD_PRICE_*; dollars per million are micro-dollars apiece. Rounded up."""
    prices = settings.cloud_price_input, settings.cloud_price_cached, settings.cloud_price_output
    tokens = usage.input_tokens - usage.cached_tokens, usage.cached_tokens, usage.output_tokens
    total = sum((Decimal(str(p)) * n for p, n in zip(prices, tokens, strict=True)), Decimal(0))
    return int(total.to_integral_value(ROUND_CEILING))


def rough_count(messages: Sequence[ChatMessage]) -> int:
    """Prompt tokens by the rule of `rough_tokens`, and four tokens of frame a message."""
    return sum(rough_tokens(message.content) + _FRAME_TOKENS for message in messages)


def rough_tokens(text: str) -> int:
    """Tokens of a text: four characters each, in scripts such as Chinese one."""
    wide = sum(ord(char) >= _WIDE for char in text)
    return wide + math.ceil((len(text) - wide) / 4)


class Written:
    """What a model has written so far, counted until the server sends its own figure."""

    def __init__(self) -> None:
        self.pieces = self._narrow = self._wide = 0

    def add(self, text: str) -> None:
        """Take one piece of a stream, thinking included."""
        self.pieces += 1
        wide = sum(char >= "\u2e80" for char in text)
        self._wide += wide
        self._narrow += len(text) - wide

    @property
    def tokens(self) -> int:
        """An estimate: a token a piece, more where pieces are long; by the letter where pieces are single letters."""
        by_letter = self._wide + math.ceil(self._narrow / 4)
        if self.pieces > 2 and self._narrow + self._wide < 2 * self.pieces:
            return by_letter
        return max(self.pieces, self._wide + math.ceil(self._narrow / 5))

    def exceeds(self, max_tokens: int) -> bool:
        """Whether so much came that the server must be ignoring `max_tokens`, however it splits its pieces."""
        letters = self._wide + self._narrow
        by_piece = self.pieces > 1.25 * max_tokens + 16 and letters > 2.5 * self.pieces
        return by_piece or self._wide * 2 + self._narrow > 6 * max_tokens + 400


def field(thing: Any, name: str) -> Any:
    """A field of a mapping or an object, None where it has none."""
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _count(figures: Any, name: str) -> int:
    """A number of tokens; 0 for what cannot be one."""
    value = field(figures, name)
    return value if isinstance(value, int) and 0 < value < _NONSENSE_TOKENS else 0
