"""What a server refuses is learnt from any body; what it says is read from any body, with one right hint a cause."""

import asyncio
import logging
from typing import Any

import pytest

from chatapp.backends.base import ChatMessage, Request
from chatapp.backends.cloud.said import reason
from chatapp.errors import (
    ProviderAuthError,
    ProviderBusyError,
    ProviderContextError,
    ProviderError,
    ProviderFaultError,
    ProviderFilteredError,
    ProviderModelError,
    ProviderQuotaError,
    ProviderRequestError,
    ProviderTimeoutError,
)
from tests.backends.conftest import HELLO, KEY, Play, RawServer, ask, error, read, read_to_error, status

GEMINI = 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'
ALL = {"model", "messages", "stream", "max_tokens", "temperature", "seed", "stream_options"}


def gemini(message: str, code: int = 400) -> Play:
    """An error in the shape of a list."""
    return status(code, [{"error": {"code": code, "message": message, "status": "INVALID_ARGUMENT"}}])


@pytest.mark.parametrize(
    ("play", "gone"),
    [
        (gemini(GEMINI), "seed"),
        (error(400, "`temperature` is deprecated for this model."), "temperature"),
        (error(400, "Unsupported value: 'temperature' does not support 0.3 with this model."), "temperature"),
        (error(400, "temperature: only the default (1) value is supported", param="temperature"), "temperature"),
        (status(422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}), "seed"),
        (status(422, {"detail": "stream_options: unexpected keyword"}), "stream_options"),
        (status(400, {"message": {"seed": ["unknown field"]}}), "seed"),
        (status(400, "Unrecognized request argument supplied: seed"), "seed"),
        (status(400, "<html><h1>seed is not supported</h1></html>"), "seed"),
        (status(403, {"error": "Parameter seed is not allowed for your plan"}), "seed"),
        (status(404, {"detail": "this route does not support stream_options"}), "stream_options"),
        (error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."), "max_tokens"),
    ],
)
async def test_a_parameter_that_is_refused_is_left_out_for_good(raw: RawServer, play: Play, gone: str) -> None:
    backend = raw.cloud(play, HELLO)
    assert await read(backend.stream(ask("hi"))) == "Hello"
    assert await read(backend.stream(ask("hi"))) == "Hello"
    assert len(raw.seen) == 3
    instead = {"max_completion_tokens"} if gone == "max_tokens" else set()
    assert raw.seen[-1].keys() == ALL - {gone} | instead
    await backend.aclose()


async def test_calls_that_are_refused_at_the_same_time_learn_the_same(raw: RawServer) -> None:
    refused = error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    all_asked = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        if len(raw.seen) == 3:
            all_asked.set()
        await all_asked.wait()
        await (refused if "max_tokens" in body else HELLO)(reader, writer, body)

    backend = raw.cloud(play)
    answers = await asyncio.gather(*(read(backend.stream(ask("hi"))) for _ in range(3)))
    assert answers == ["Hello"] * 3
    assert len(raw.seen) == 6
    await backend.aclose()


async def test_a_refusal_under_the_status_of_a_failure_is_one(raw: RawServer) -> None:
    refusal = status(500, {"error": "UnsupportedParamsError: does not support {'seed': 7}"}, "retry-after-ms: 10\r\n")
    backend = raw.cloud(refusal, refusal, HELLO)
    stream = backend.stream(ask("hi"))
    assert await read(stream) == "Hello"
    assert stream.lost == []
    assert raw.seen[-1].keys() == ALL - {"seed"}
    await backend.aclose()


async def test_several_refusals_are_learnt_one_after_the_other(raw: RawServer) -> None:
    instead = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'"
    backend = raw.cloud(
        error(400, instead, param="max_tokens", code="unsupported_parameter"),
        error(400, "Unsupported parameter: 'max_completion_tokens'", param="max_completion_tokens"),
        error(400, "Unsupported value: 'temperature' does not support 0.3 with this model."),
        gemini(GEMINI),
        status(422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}),
        HELLO,
    )
    assert await read(backend.stream(ask("hi"))) == "Hello"
    assert raw.seen[-1].keys() == {"model", "messages", "stream"}
    await backend.aclose()


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens is too large: 800. This model supports at most 512 completion tokens, whereas you provided 800.",
        "max_tokens: 800 > 512, which is the maximum allowed; must be less than or equal to 512",
        "`max_tokens` must be <= 512, exceeds the limit",
    ],
)
async def test_a_smaller_answer_is_asked_for_where_the_number_is_refused(raw: RawServer, message: str) -> None:
    backend = raw.cloud(error(400, message), HELLO)
    assert await read(backend.stream(ask("hi", 800))) == "Hello"
    assert await read(backend.stream(ask("hi", 100))) == "Hello"
    assert [sent["max_tokens"] for sent in raw.seen] == [800, 512, 100]
    await backend.aclose()


async def test_a_number_that_is_refused_without_a_limit_is_not_dropped(raw: RawServer) -> None:
    backend = raw.cloud(error(400, "max_tokens is too large", param="max_tokens"))
    await read_to_error(backend.stream(ask("hi")), ProviderRequestError)
    assert len(raw.seen) == 1
    await backend.aclose()


async def test_what_the_customer_wrote_teaches_nothing(raw: RawServer) -> None:
    text = "what temperature is not supported by the seed bag?"
    quoting = {"error": {"message": f"cannot read: {text}"}, "detail": [{"msg": "bad", "input": text}]}
    backend = raw.cloud(status(400, quoting))
    await read_to_error(backend.stream(ask(text)), ProviderRequestError)
    assert len(raw.seen) == 1
    await backend.aclose()


TALK = (
    ChatMessage("system", "You help."),
    ChatMessage("user", "Hello"),
    ChatMessage("assistant", "Good day"),
    ChatMessage("system", "We know this."),
    ChatMessage("user", "what?"),
)


def roles(sent: dict[str, Any]) -> list[str]:
    return [message["role"] for message in sent["messages"]]


async def test_system_messages_go_where_the_server_takes_them(raw: RawServer) -> None:
    backend = raw.cloud(
        error(400, "System message must be at the beginning."),
        error(400, "Jinja: Conversation roles must alternate user/assistant/user/assistant/..."),
        HELLO,
    )
    assert await read(backend.stream(Request(TALK))) == "Hello"
    everywhere, first, none = raw.seen
    assert roles(everywhere) == ["system", "user", "assistant", "system", "user"]
    assert roles(first) == ["system", "user", "assistant", "user"]
    assert first["messages"][0]["content"] == "You help.\n\nWe know this."
    assert roles(none) == ["user", "assistant", "user"]
    assert none["messages"][0]["content"] == "You help.\n\nWe know this.\n\nHello"
    assert none["messages"][-1]["content"] == "what?"
    assert none.keys() == ALL
    await backend.aclose()


@pytest.mark.parametrize(
    "said",
    [
        "System role not supported",
        "Developer instruction is not enabled for models/gemma-3-1b-it",
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        "Only user and assistant roles are supported!",
    ],
)
async def test_a_server_without_system_messages_gets_their_words_in_the_first_of_the_user(
    raw: RawServer, said: str
) -> None:
    backend = raw.cloud(error(400, said), HELLO)
    assert await read(backend.stream(Request((ChatMessage("system", "You help."), ChatMessage("user", "what?"))))) == (
        "Hello"
    )
    assert raw.seen[-1]["messages"] == [{"role": "user", "content": "You help.\n\nwhat?"}]
    await backend.aclose()


CAUSES = [
    (error(401, f"Incorrect API key provided: {KEY}."), ProviderAuthError, "to a key"),
    (gemini("API key not valid. Please pass a valid API key."), ProviderAuthError, "to a key"),
    (status(403, {"detail": "Invalid token"}), ProviderAuthError, "to a key"),
    (error(403, "Project p does not have access to model m"), ProviderAuthError, "access"),
    (error(403, "Country, region, or territory not supported"), ProviderAuthError, "from here"),
    (error(429, "You exceeded your current quota, please check your plan", code="insufficient_quota"),
     ProviderQuotaError, "quota"),
    (status(402, {"message": "Insufficient credits"}), ProviderQuotaError, "pay"),
    (error(403, "Your credit balance is too low"), ProviderQuotaError, "pay"),
    (status(429, [{"error": {"message": "Quota exceeded: 15 requests per minute"}}], "Retry-After: 60\r\n"),
     ProviderBusyError, "Wait"),
    (status(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            "x-should-retry: false\r\n"), ProviderBusyError, "Wait"),
    (status(503, {"error": {"message": "The model is at capacity"}}, "Retry-After: 99\r\n"), ProviderBusyError, "Wait"),
    (error(404, "The model `x` does not exist", code="model_not_found"), ProviderModelError, "CLOUD_MODEL"),
    (error(400, "x is not a valid model ID: model not found"), ProviderModelError, "CLOUD_MODEL"),
    (error(404, "The API deployment for this resource does not exist", code="DeploymentNotFound"),
     ProviderModelError, "CLOUD_MODEL"),
    (status(404, {"message": "Route not found", "model": None}), ProviderRequestError, "BASE_URL"),
    (status(404, {"detail": "Not Found"}), ProviderRequestError, "BASE_URL"),
    (status(404, "404 page not found"), ProviderRequestError, "BASE_URL"),
    (status(405, {"detail": "Method Not Allowed"}), ProviderRequestError, "BASE_URL"),
    (gemini("The input token count (9000) exceeds the maximum number allowed"), ProviderContextError, "PROMPT"),
    (status(413, "Request Entity Too Large"), ProviderContextError, "PROMPT"),
    (error(400, "The response was filtered", code="content_filter"), ProviderFilteredError, "filter"),
    (status(504, "<html><title>504 Gateway Time-out</title></html>", "x-should-retry: false\r\n"),
     ProviderTimeoutError, "proxy"),
    (status(500, {"error": "boom"}, "x-should-retry: false\r\n"), ProviderFaultError, "BASE_URL"),
    (status(418, ""), ProviderRequestError, "CLOUD_MODEL"),
]  # fmt: skip


@pytest.mark.parametrize(("play", "kind", "hint"), CAUSES)
async def test_each_cause_has_its_hint(raw: RawServer, play: Play, kind: type[ProviderError], hint: str) -> None:
    backend = raw.cloud(play)
    _, fault = await read_to_error(backend.stream(ask("hi")), kind)
    assert type(fault) is kind
    assert hint in fault.hint
    assert len(raw.seen) == 1
    await backend.aclose()


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"error": {"message": "It\n is broken", "code": 7}}, "It is broken"),
        ([{"error": {"message": "It is broken"}}], "It is broken"),
        ({"error": "It is broken"}, "It is broken"),
        ({"detail": [{"loc": ["body", "seed"], "msg": "no"}, {"msg": "yes"}]}, "body.seed: no; yes"),
        ({"errors": [{"title": "It is broken"}]}, "It is broken"),
        ('{"message": "It is broken"}', "It is broken"),
        ("<html><title>502 Bad Gateway</title><p>x</p></html>", "502 Bad Gateway"),
        ("<p>It is</p> broken", "It is broken"),
        ("{It is broken", "{It is broken"),
        (None, ""),
        ({}, ""),
        (7, ""),
    ],
)
def test_the_reason_is_read_from_any_body(body: Any, line: str) -> None:
    assert reason(body) == line


async def test_a_refusal_is_logged_whole_without_the_key(raw: RawServer, caplog: pytest.LogCaptureFixture) -> None:
    backend = raw.cloud(gemini(f"no {KEY}, see internal-trace-77 and {'much more ' * 60}end"))
    with caplog.at_level(logging.WARNING):
        _, fault = await read_to_error(backend.stream(ask("hi")), ProviderRequestError)
    (record,) = caplog.records
    assert "end" in record.message
    assert "internal-trace-77" in record.message
    assert KEY not in record.message
    assert len(fault.what) < 500
    await backend.aclose()
