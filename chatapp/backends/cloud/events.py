"""The body of a response as chunks: a stream of events, or whatever the server sends instead.

The client's own reader is not used. It takes an event without data (`retry: 3000`, `event: ping`, an empty `data:`) for
broken JSON and ends the answer there, drops the last event where no blank line follows it, and finds nothing in a body
that is no stream.
"""

import codecs
import contextlib
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx2
import openai

from chatapp.backends.cloud.chunks import complaint

_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")  # a CR at the end of what has come may be half of a CRLF
_FIELD = re.compile(r"(data|event|id|retry)?:|(data|event|id|retry)$")
_DONE = "[DONE]"
_BODY_CHARS = 4_000_000  # more than any answer; what is longer is cut, and then no JSON


class NotAStreamError(Exception):
    """The server sent a body that is neither events nor a completion; `body` is how it begins."""

    def __init__(self, body: str) -> None:
        super().__init__("The body is no stream of chunks.")
        self.body = body


class Chunks:
    """The JSON values of a response, one after the other. `done` tells whether the server marked its end.

    Raises `openai.APIError` for an error that stands in place of a chunk and for a lost connection, `NotAStreamError`,
    and ValueError for an event that is not JSON.
    """

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self.done = False

    async def read(self) -> AsyncGenerator[Any]:
        """The values, once; closing it drops the connection."""
        try:
            async for chunk in self._values():
                if wrong := complaint(chunk):
                    raise openai.APIError("The stream carries an error.", self._response.request, body=wrong)
                yield chunk
        except httpx2.TimeoutException as error:
            raise openai.APITimeoutError(self._response.request) from error
        except (httpx2.RequestError, httpx2.StreamError) as error:
            raise openai.APIConnectionError(request=self._response.request) from error
        finally:
            await self._response.aclose()

    async def _values(self) -> AsyncIterator[Any]:
        data, begun = list[str](), False
        other = _Body()
        async for line in _lines(self._response):
            if line.startswith("data:"):
                data.append(line[5:].removeprefix(" "))
            elif not line and data:
                text, data = "\n".join(data).strip(), []
                if text.startswith(_DONE):
                    self.done = True
                    return
                if text:
                    begun = True
                    yield json.loads(text)
            elif not (begun or _FIELD.match(line)):
                other.add(line)
        for value in () if begun else other.values():
            yield value


class _Body:
    """Lines that are no events."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._chars = 0

    def add(self, line: str) -> None:
        self._chars += len(line) + 1
        if self._chars <= _BODY_CHARS:
            self._lines.append(line)

    def values(self) -> list[Any]:
        """One JSON value, or one a line."""
        body = "\n".join(self._lines).strip()
        for texts in ([body], [line for line in self._lines if line.strip()]):
            with contextlib.suppress(ValueError):
                return [json.loads(text) for text in texts if text]
        raise NotAStreamError(body)


async def _lines(response: httpx2.Response) -> AsyncIterator[str]:
    """The lines of the body as they arrive, and at its end an empty one, which ends an event."""
    decoder, rest = codecs.getincrementaldecoder("utf-8-sig")("replace"), ""
    async for chunk in response.aiter_bytes():
        *whole, rest = _LINE_END.split(rest + decoder.decode(chunk))
        for line in whole:
            yield line
    for line in (*_LINE_END.split(rest + decoder.decode(b"", final=True)), ""):
        yield line.removesuffix("\r")
