"""A call is sent again where that helps within the time that a person waits, and what may have been billed is known."""

import asyncio
import time
from email.utils import formatdate
from typing import Any

import httpx2
import pytest

from chatapp.backends.base import Stage, Usage
from chatapp.backends.cloud.attempts import retry_after_s
from chatapp.errors import (
    ProviderBusyError,
    ProviderCutError,
    ProviderError,
    ProviderFaultError,
    ProviderQuotaError,
    ProviderTimeoutError,
    ProviderUnreachableError,
)
from tests.backends.conftest import HELLO, Play, RawServer, ask, error, read, read_to_error, status


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: dict[str, Any]) -> None:
    """The connection is closed without a word, the request read."""


async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: dict[str, Any]) -> None:
    """Nothing, for ever."""
    await reader.read()


PROMPT = Usage(5)
NOW = "retry-after-ms: 10\r\n"


@pytest.mark.parametrize(
    ("first", "lost"),
    [
        (status(502, "<html>bad gateway</html>", NOW), [PROMPT]),
        (status(500, {"error": "boom"}, NOW), [PROMPT]),
        (hang_up, [PROMPT]),
        (status(503, {"error": "overloaded"}, NOW), []),
        (status(429, {"error": "slow down"}, NOW), []),
        (status(400, {"error": "seed is unknown"}), []),
    ],
)
async def test_a_try_that_may_have_been_billed_is_known(raw: RawServer, first: Play, lost: list[Usage]) -> None:
    backend = raw.cloud(first, HELLO)
    stream = backend.stream(ask("hi"))
    assert await read(stream) == "Hello"
    assert len(raw.seen) == 2
    assert stream.lost == lost
    assert stream.usage == Usage(20, 2, 5, estimated=False)
    await backend.aclose()


@pytest.mark.parametrize(
    ("play", "kind", "sent", "lost", "usage"),
    [
        (status(500, {"error": "boom"}, NOW), ProviderFaultError, 2, [PROMPT], PROMPT),
        (hang_up, ProviderUnreachableError, 2, [PROMPT], PROMPT),
        (status(503, {"error": "no"}, NOW), ProviderFaultError, 3, [], Usage()),
        (status(429, {"error": "slow"}, NOW), ProviderBusyError, 3, [], Usage()),
        (status(429, {"error": "insufficient_quota"}), ProviderQuotaError, 1, [], Usage()),
        (status(429, {"error": "slow"}, "Retry-After: 60\r\n"), ProviderBusyError, 1, [], Usage()),
        (status(503, {"error": "no"}, "Retry-After: 60\r\n"), ProviderFaultError, 1, [], Usage()),
        (error(401, "no"), ProviderError, 1, [], Usage()),
    ],
)
async def test_what_stays_is_given_up_and_costs_what_may_be_billed(
    raw: RawServer, play: Play, kind: type[ProviderError], sent: int, lost: list[Usage], usage: Usage
) -> None:
    backend = raw.cloud(play)
    stream = backend.stream(ask("hi"))
    await read_to_error(stream, kind)
    assert (len(raw.seen), stream.lost, stream.usage) == (sent, lost, usage)
    await backend.aclose()


async def test_a_wait_that_the_server_asks_for_is_kept_and_told(raw: RawServer) -> None:
    backend = raw.cloud(status(429, {"error": "slow"}, "Retry-After: 1\r\n"), HELLO)
    stream, began = backend.stream(ask("hi")), time.monotonic()
    reading = asyncio.create_task(read(stream))
    await asyncio.sleep(0.5)
    assert stream.stage is Stage.BUSY
    assert await reading == "Hello"
    assert time.monotonic() - began >= 1
    assert stream.stage is Stage.WHOLE
    await backend.aclose()


async def test_nobody_waits_longer_than_for_the_first_word(raw: RawServer) -> None:
    backend = raw.cloud(status(429, {"error": "slow"}, "Retry-After: 5\r\n"), cloud_first_token_timeout_s=0.3)
    stream = backend.stream(ask("hi"))
    await read_to_error(stream, ProviderTimeoutError)
    assert stream.usage == Usage()
    await backend.aclose()


async def test_a_call_that_timed_out_may_have_been_billed_and_is_not_sent_again(raw: RawServer) -> None:
    backend = raw.cloud(hold, cloud_first_token_timeout_s=0.3)
    stream = backend.stream(ask("hi"))
    await read_to_error(stream, ProviderTimeoutError)
    assert (len(raw.seen), stream.usage) == (1, PROMPT)
    await backend.aclose()


async def test_an_answer_that_had_begun_is_not_asked_for_again(raw: RawServer) -> None:
    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: dict[str, Any]) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n")
        writer.write(b'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n')
        await writer.drain()

    backend = raw.cloud(play, HELLO)
    said, _ = await read_to_error(backend.stream(ask("hi")), ProviderCutError)
    assert (said, len(raw.seen)) == ("Hel", 1)
    await backend.aclose()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "3", "retry-after-ms": "500"}, 0.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": formatdate(0)}, 0),
    ],
)
def test_retry_after_is_a_number_of_seconds(headers: dict[str, str], seconds: float) -> None:
    assert retry_after_s(httpx2.Response(429, headers=headers)) == seconds


def test_retry_after_may_be_a_date() -> None:
    headers = {"retry-after": formatdate(time.time() + 3600)}
    assert retry_after_s(httpx2.Response(429, headers=headers)) == pytest.approx(3600, abs=5)
