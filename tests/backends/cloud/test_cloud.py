"""The cloud backend against a server that misbehaves on purpose."""

import asyncio

import pytest

from chatapp.backends.base import ChatMessage, Usage
from chatapp.backends.cloud.backend import CloudBackend
from chatapp.backends.cloud.usage import rough_count
from chatapp.errors import (
    ProviderAuthError,
    ProviderBusyError,
    ProviderContextError,
    ProviderCutError,
    ProviderError,
    ProviderFaultError,
    ProviderModelError,
    ProviderQuotaError,
    ProviderRequestError,
    ProviderStalledError,
    ProviderTimeoutError,
    ProviderUnreachableError,
)
from tests.backends.conftest import (
    DONE,
    HELLO,
    KEY,
    Play,
    RawServer,
    ask,
    error,
    events,
    make_settings,
    piece,
    read,
    read_to_error,
    status,
    usage,
)


async def fails(backend: CloudBackend, kind: type[ProviderError]) -> ProviderError:
    """The error of a call, which must be of `kind`, and its text free of the key."""
    stream = backend.stream(ask("hi"))
    with pytest.raises(kind) as caught:
        await read(stream)
    await backend.aclose()
    assert type(caught.value) is kind
    assert KEY not in str(caught.value.as_json())
    assert caught.value.hint
    return caught.value


async def test_answer_and_exact_usage(raw: RawServer) -> None:
    backend = raw.cloud(HELLO)
    stream = backend.stream(ask("hi", temperature=0.3, seed=4))
    assert await read(stream) == "Hello"
    assert stream.usage == Usage(20, 2, 5, estimated=False)
    sent = raw.seen[0]
    assert (sent["max_tokens"], sent["temperature"], sent["seed"]) == (12, 0.3, 4)
    assert sent["stream_options"] == {"include_usage": True}
    await backend.aclose()


async def test_server_that_says_no_usage_leaves_the_estimate(raw: RawServer) -> None:
    backend = raw.cloud(events(piece("Hel"), piece("lo"), piece(finish="stop"), DONE))
    stream = backend.stream(ask("hi"))
    await read(stream)
    assert stream.usage == Usage(rough_count(ask("hi").messages), 2, estimated=True)
    await backend.aclose()


@pytest.mark.parametrize(
    ("play", "kind", "setting"),
    [
        (error(401, f"Incorrect API key provided: {KEY}."), ProviderAuthError, "API_KEY"),
        (error(403, "This key may not use it"), ProviderAuthError, "API_KEY"),
        (
            error(404, "The model `x` does not exist", code="model_not_found"),
            ProviderModelError,
            "CLOUD_MODEL",
        ),
        (status(404, "<html>Not Found</html>"), ProviderRequestError, "BASE_URL"),
        (error(429, "Rate limit reached"), ProviderBusyError, "Wait"),
        (error(402, "Pay first"), ProviderQuotaError, "quota"),
        (error(400, "maximum context length is 4096 tokens"), ProviderContextError, "PROMPT_TOKENS"),
        (error(400, "x", code="context_length_exceeded"), ProviderContextError, "PROMPT_TOKENS"),
        (error(400, "bad input"), ProviderRequestError, "CLOUD_MODEL"),
        (error(500, "boom"), ProviderFaultError, "BASE_URL"),
        (status(503, "<html>down</html>"), ProviderFaultError, "BASE_URL"),
        (status(200, "<html>a login page</html>"), ProviderFaultError, "CLOUD"),
        (events("data: {not json\n\n"), ProviderFaultError, "BASE_URL"),
        (events("garbage\r\n\r\n"), ProviderFaultError, "CLOUD"),
        (events({"error": {"message": "overloaded"}}), ProviderBusyError, "Wait"),
        (events({"choices": [{"delta": None}]}), ProviderFaultError, "PROMPT_TOKENS"),
        (events(piece(finish="length"), DONE), ProviderFaultError, "MAX_TOKENS"),
    ],
)
async def test_failures_before_the_first_word(
    raw: RawServer, play: Play, kind: type[ProviderError], setting: str
) -> None:
    fault = await fails(raw.cloud(play), kind)
    assert setting in fault.hint
    assert not fault.answer_started


@pytest.mark.parametrize(
    "play",
    [
        events(piece("Hel")),
        events(piece("Hel"), "data: {not json\n\n"),
        events(piece("Hel"), {"error": {"message": "overloaded"}}),
    ],
)
async def test_cut_in_the_middle_keeps_what_came(raw: RawServer, play: Play) -> None:
    backend = raw.cloud(play)
    stream = backend.stream(ask("hi"))
    seen, fault = await read_to_error(stream, ProviderCutError)
    assert (seen, fault.answer_started) == ("Hel", True)
    assert stream.usage == Usage(rough_count(ask("hi").messages), 1)
    await backend.aclose()


async def test_dropped_connection_in_the_middle_of_a_chunked_answer(raw: RawServer) -> None:
    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: object) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        data = b'data: {"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}\n\n'
        writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await writer.drain()

    fault = await fails(raw.cloud(play), ProviderCutError)
    assert fault.answer_started


async def test_slow_first_word(raw: RawServer) -> None:
    fault = await fails(
        raw.cloud(events(piece("Hel"), wait_s=5), cloud_first_token_timeout_s=0.2), ProviderTimeoutError
    )
    assert not fault.answer_started
    assert "FIRST_TOKEN_TIMEOUT_S" in fault.hint


async def test_total_timeout_keeps_what_came(raw: RawServer) -> None:
    backend = raw.cloud(events(piece("Hel"), hang=True), cloud_total_timeout_s=0.5)
    stream = backend.stream(ask("hi"))
    seen, fault = await read_to_error(stream, ProviderStalledError)
    assert (seen, fault.answer_started) == ("Hel", True)
    assert stream.usage.estimated
    await backend.aclose()


async def test_nobody_listens() -> None:
    fault = await fails(CloudBackend(make_settings(cloud_base_url="http://127.0.0.1:1/v1")), ProviderUnreachableError)
    assert "FIRSTLINE_CLOUD_BASE_URL" in fault.hint


async def test_refused_calls_cost_nothing(raw: RawServer) -> None:
    backend = raw.cloud(error(401, "no"))
    stream = backend.stream(ask("hi"))
    with pytest.raises(ProviderAuthError):
        await read(stream)
    assert stream.usage == Usage()
    await backend.aclose()


async def test_aclose_drops_the_connection(raw: RawServer) -> None:
    backend = raw.cloud(events(piece("Hel"), hang=True))
    stream = backend.stream(ask("hi"))
    async for _ in stream:
        break
    await stream.aclose()
    await stream.aclose()
    await asyncio.wait_for(raw.gone.wait(), 5)
    assert stream.usage == Usage(rough_count(ask("hi").messages), 1)
    await backend.aclose()


async def test_aclose_from_another_task_ends_the_reader_quietly(raw: RawServer) -> None:
    backend = raw.cloud(events(hang=True))
    stream = backend.stream(ask("hi"))
    reader = asyncio.create_task(read(stream))
    await asyncio.sleep(0.05)
    await stream.aclose()
    assert await asyncio.wait_for(reader, 5) == ""
    await backend.aclose()


async def test_cancelling_the_reader_drops_the_connection(raw: RawServer) -> None:
    backend = raw.cloud(events(piece("Hel"), hang=True))
    reader = asyncio.create_task(read(backend.stream(ask("hi"))))
    await asyncio.wait_for(raw.asked.wait(), 5)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await asyncio.wait_for(raw.gone.wait(), 5)
    await backend.aclose()


async def test_the_ratio_is_learned_and_never_below_one(raw: RawServer) -> None:
    messages = (ChatMessage("user", "x" * 400),)
    backend = raw.cloud(events(piece("a", "stop"), usage(156, 1), DONE))
    before = backend.count_tokens(messages)
    backend.learn(messages, 156)
    assert (before, backend.count_tokens(messages)) == (104, 156)
    for reported in (1, 1, 1):
        backend.learn(messages, reported)
    assert backend.count_tokens(messages) == before
    backend.learn(messages, 10**9)
    assert backend.count_tokens(messages) == 4 * before
    await read(backend.stream(ask("hi")))
    await backend.aclose()


def test_price_is_in_whole_microdollars_rounded_up() -> None:
    backend = CloudBackend(make_settings(cloud_price_input=0.25, cloud_price_cached=0.025, cloud_price_output=2))
    assert backend.cost_microusd(Usage(1000, 100, 400), 9.0) == 150 + 10 + 200
    assert backend.cost_microusd(Usage(1, 0), 0) == 1
    assert backend.cost_microusd(Usage(), 0) == 0


async def test_a_refused_key_is_not_told(raw: RawServer) -> None:
    backend = raw.cloud(error(401, f"no {KEY}"))
    with pytest.raises(ProviderAuthError) as caught:
        await read(backend.stream(ask("hi")))
    assert KEY not in str(caught.value)
    assert KEY not in repr(backend)
    await backend.aclose()


@pytest.mark.real
async def test_real_server(real_server: str) -> None:
    backend = CloudBackend(make_settings(cloud_base_url=real_server))
    stream = backend.stream(ask("Say hello.", temperature=0.0))
    answer = await read(stream)
    assert answer
    assert stream.usage.estimated  # this server says no usage in a stream
    assert (stream.usage.input_tokens, stream.usage.output_tokens) == (7, 12)
    assert backend.cost_microusd(stream.usage, 1) > 0
    with pytest.raises(ProviderFaultError, match="FIRSTLINE_CLOUD_PROMPT_TOKENS"):  # it ends without a word
        await read(backend.stream(ask("word " * 1100)))
    await backend.aclose()
