"""What one server takes: which of our parameters it knows, learned from its refusals."""

from typing import Any

import openai

from chatapp.backends.base import Request
from chatapp.backends.cloud_faults import refused_parameter

ADAPTABLE = frozenset({"max_tokens", "temperature", "seed", "stream_options"})


class Dialect:
    """The parameters of a call, less those that this server has refused by name, for the life of the backend.

    gpt-5 and its like take `max_completion_tokens` for `max_tokens` and no temperature; small servers may not
    know `stream_options` or `seed`.
    """

    def __init__(self) -> None:
        self._length = "max_tokens"
        self._refused: set[str] = set()

    def arguments(self, request: Request, model: str) -> dict[str, Any]:
        """Keyword arguments of `chat.completions.create`."""
        optional = {
            "temperature": request.temperature,
            "seed": request.seed,
            "stream_options": {"include_usage": True},
        }
        return {
            "model": model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "stream": True,
            self._length: request.max_tokens,
        } | {name: value for name, value in optional.items() if name not in self._refused}

    def adapt(self, error: openai.APIError, sent: dict[str, Any]) -> bool:
        """Leave out what the refusal of `sent` names; false when it names nothing that can be left out.

        Each success takes one of four parameters away, so no call is sent more than five times.
        """
        name = refused_parameter(error, ADAPTABLE & sent.keys())
        if name == "max_tokens":
            self._length = "max_completion_tokens"
        elif name is not None:
            self._refused.add(name)
        return name is not None
