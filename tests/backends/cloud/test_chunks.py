"""An answer is read in every shape in which servers send it, and what is no answer is not taken for one."""

import json
from typing import Any

import pytest

from chatapp.backends.base import Stage, Token, Usage
from chatapp.backends.cloud.backend import CloudBackend
from chatapp.errors import (
    ProviderBusyError,
    ProviderCutError,
    ProviderError,
    ProviderFaultError,
    ProviderFilteredError,
    ProviderStalledError,
)
from tests.backends.conftest import (
    DONE,
    Play,
    RawServer,
    ask,
    events,
    piece,
    read,
    read_to_error,
    status,
    usage,
)

END = piece(finish="stop")


def delta(**more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": more, "finish_reason": None}]}


def whole(content: Any, finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    """A completion that was not streamed."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}
    return {"choices": [choice], "usage": {"prompt_tokens": 20, "completion_tokens": 2}, **more}


async def answered(backend: CloudBackend) -> tuple[str, Stage]:
    stream = backend.stream(ask("hi", 200))
    said = await read(stream)
    return said, stream.stage


async def failed(backend: CloudBackend, kind: type[ProviderError]) -> tuple[str, str]:
    said, fault = await read_to_error(backend.stream(ask("hi")), kind)
    assert type(fault) is kind
    await backend.aclose()
    return said, fault.hint


NO_DELTA = {"choices": [{"index": 0, "finish_reason": None, "content_filter_results": {"hate": {"filtered": False}}}]}
MISTRAL = delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}])
PARTS = delta(content=[{"type": "text", "text": "Hello"}, {"type": "reference", "reference_ids": [1]}])
STREAMS = [
    (NO_DELTA, piece("Hello"), NO_DELTA, END, DONE),
    (MISTRAL, PARTS, END, DONE),
    (delta(content={"type": "text", "text": "Hello"}), END, DONE),
    (delta(role="assistant", content=""), delta(content=None), piece("Hello"), END, DONE),
    ({"choices": None}, {"choices": []}, piece("Hello"), END, {"choices": []}, DONE),
    ({"choices": [None]}, [], "data: null\n\n", 'data: "x"\n\n', "data: 7\n\n", piece("Hello"), END, DONE),
    (piece("Hello") | {"choices": [*piece("no")["choices"], *piece("Hello")["choices"]][1:]}, END, DONE),
    ({"choices": [{"index": 1, "delta": {"content": "no"}}, *piece("Hello")["choices"]]}, END, DONE),
    ({"choices": [{"index": 1, "delta": {"content": "no"}}]}, piece("Hello"), END, DONE),
    (piece("Hello", "stop", usage=None), usage(20, 2), usage(20, 2), DONE),
    (": keep-alive\n\n", "retry: 3000\n\n", "event: ping\n\n", "id: 7\n\n", "data:\n\n", piece("Hello"), END, DONE),
    ("\ufeff", piece("Hello"), END, "data: [DONE]"),
    (piece("Hello"), f"data: {json.dumps(END)}"),  # no blank line after the last event
    (f"data:{json.dumps(piece('Hello'))}\n\n", f"event: x\r\ndata: {json.dumps(END)}\r\n\r\n", "data: [DONE]\r\n\r\n"),
    (f"data: {json.dumps(piece('Hello'))}\r\rdata: {json.dumps(END)}\r\rdata: [DONE]\r\r",),
    (f"data: {json.dumps(piece('Hello'), indent=1)}".replace("\n", "\ndata: ") + "\n\n", END, DONE),
    (delta(refusal="Hello"), END, DONE),
    ({"choices": [{"text": "Hello", "finish_reason": None}]}, END, DONE),
    (delta(reasoning_content="hm"), delta(reasoning="hm"), piece("Hello"), END, DONE),
    (delta(reasoning_details=[{"text": "hm"}], content="Hello"), END, DONE),
    (piece("<think>hm"), piece(" hm</thi"), piece("nk>\n\nHello"), END, DONE),
    (piece("hm, well</think>"), piece("Hello"), END, DONE),
    (piece("Hello"), delta(tool_calls=[{"index": 0}]), piece(finish="tool_calls"), DONE),
    (piece("Hello", "eos"), DONE),
]


@pytest.mark.parametrize("items", STREAMS)
async def test_every_shape_of_a_stream_is_read(raw: RawServer, items: tuple[Any, ...]) -> None:
    backend = raw.cloud(events(*items))
    assert await answered(backend) == ("Hello", Stage.WHOLE)
    await backend.aclose()


@pytest.mark.parametrize(
    "play",
    [
        status(200, whole("Hello")),
        status(200, whole([{"type": "text", "text": "Hello"}])),
        status(200, whole("<think>hm</think>Hello")),
        status(200, json.dumps(whole("Hello"), indent=2)),  # under a wrong content type
        events(json.dumps(whole("Hello"))),
        events(f"{json.dumps(piece('Hel'))}\n{json.dumps(piece('lo'))}\n{json.dumps(END)}\n"),
    ],
)
async def test_a_whole_body_in_place_of_a_stream_is_the_answer(raw: RawServer, play: Play) -> None:
    backend = raw.cloud(play)
    assert await answered(backend) == ("Hello", Stage.WHOLE)
    await backend.aclose()


async def test_a_whole_body_has_its_usage(raw: RawServer) -> None:
    backend = raw.cloud(status(200, whole("Hello")))
    stream = backend.stream(ask("hi"))
    await read(stream)
    assert stream.usage == Usage(20, 2, 0, estimated=False)
    await backend.aclose()


@pytest.mark.parametrize("page", ["<!DOCTYPE html><title>Sign in</title>", "\n<html>Sign in</html>", "upstream error"])
@pytest.mark.parametrize("form", [lambda text: status(200, text), events])
async def test_a_page_in_place_of_a_stream_is_told_as_one(raw: RawServer, page: str, form: Any) -> None:
    _, hint = await failed(raw.cloud(form(page)), ProviderFaultError)
    assert "FIRSTLINE_CLOUD_BASE_URL" in hint


async def test_halves_of_a_character_are_joined(raw: RawServer) -> None:
    backend = raw.cloud(events(piece("a \ud83d"), piece("\ude00"), piece(" b\0\ud83d"), END, DONE))
    assert await answered(backend) == ("a 😀 b\ufffd", Stage.WHOLE)
    await backend.aclose()


@pytest.mark.parametrize(
    ("items", "kind", "hint"),
    [
        ((END, DONE), ProviderFaultError, "PROMPT_TOKENS"),
        ((piece(" \n\t "), END, DONE), ProviderFaultError, "PROMPT_TOKENS"),
        ((piece("\u200b\ufeff"), END, DONE), ProviderFaultError, "PROMPT_TOKENS"),
        ((piece(finish="length"), DONE), ProviderFaultError, "MAX_TOKENS"),
        ((piece("<think>for ever"), END, DONE), ProviderFaultError, "MAX_TOKENS"),
        ((delta(reasoning_content="for ever"), END, DONE), ProviderFaultError, "MAX_TOKENS"),
        ((delta(tool_calls=[{"index": 0}]), piece(finish="tool_calls"), DONE), ProviderFaultError, "CLOUD_MODEL"),
        ((piece(finish="content_filter"), DONE), ProviderFilteredError, "filter"),
        (({"error": {"message": "Server overloaded", "code": 502}},), ProviderBusyError, "Wait"),
        (({"error": "boom"},), ProviderFaultError, "BASE_URL"),
        (({"object": "error", "message": "boom", "code": 500},), ProviderFaultError, "BASE_URL"),
        (("event: error\n", {"detail": "boom"}), ProviderFaultError, "BASE_URL"),
        (([{"error": {"code": 500, "message": "boom"}}],), ProviderFaultError, "BASE_URL"),
        ((), ProviderFaultError, "PROMPT_TOKENS"),
    ],
)
async def test_what_holds_no_answer_is_a_failure(
    raw: RawServer, items: tuple[Any, ...], kind: type[ProviderError], hint: str
) -> None:
    said, told = await failed(raw.cloud(events(*items)), kind)
    assert said == ""
    assert hint in told


@pytest.mark.parametrize(
    ("finish", "stage"),
    [
        ("length", Stage.LENGTH),
        ("max_tokens", Stage.LENGTH),
        ("content_filter", Stage.FILTERED),
        ("SAFETY", Stage.FILTERED),
        ("stop", Stage.WHOLE),
        ("end_turn", Stage.WHOLE),
    ],
)
async def test_the_reason_of_an_end_is_known(raw: RawServer, finish: str, stage: Stage) -> None:
    backend = raw.cloud(events(piece("Hel"), piece("lo", finish), DONE))
    assert await answered(backend) == ("Hello", stage)
    await backend.aclose()


@pytest.mark.parametrize(
    "end",
    [piece(finish="error"), piece(finish="error") | {"error": {"code": 502}}, {"error": {"message": "overloaded"}}],
)
async def test_an_error_after_words_is_a_cut(raw: RawServer, end: Any) -> None:
    said, _ = await failed(raw.cloud(events(piece("Hel"), end, DONE)), ProviderCutError)
    assert said == "Hel"


async def test_an_end_without_a_reason_counts_where_a_reason_is_usual(raw: RawServer) -> None:
    usual, marked, plain = events(piece("Hello"), END, DONE), events(piece("Hello."), DONE), events(piece("Hello."))
    backend = raw.cloud(marked, plain, usual, usual, usual, marked, plain)
    assert await answered(backend) == ("Hello.", Stage.WHOLE)
    assert await answered(backend) == ("Hello.", Stage.WHOLE)
    for _ in range(3):
        assert await answered(backend) == ("Hello", Stage.WHOLE)
    assert await answered(backend) == ("Hello.", Stage.UNCERTAIN)
    backend.habits.ended("stop")
    await failed(backend, ProviderCutError)


async def test_a_plain_end_in_the_middle_of_a_word_is_a_cut_at_a_server_that_is_new(raw: RawServer) -> None:
    assert (await failed(raw.cloud(events(piece("Hel"))), ProviderCutError))[0] == "Hel"


async def test_thinking_is_a_sign_of_life_and_is_counted(raw: RawServer) -> None:
    thoughts = [delta(reasoning_content="hm") for _ in range(8)]
    play = events(*thoughts, piece("Hello"), END, DONE, wait_s=0.05)
    backend = raw.cloud(play, cloud_first_token_timeout_s=0.2, cloud_stall_timeout_s=0.2)
    stream, stages = backend.stream(ask("hi")), set()
    async for _ in stream:
        stages.add(stream.stage)
    assert stages == {Stage.ANSWERING}
    assert stream.usage.output_tokens == 9
    await backend.aclose()


async def test_a_server_that_never_opens_its_thinking_is_known_from_its_first_answer_on(raw: RawServer) -> None:
    backend = raw.cloud(events(piece("hm, well"), piece("</think>"), piece("Yes"), END, DONE))
    first = [token async for token in backend.stream(ask("hi"))]
    assert first == [Token("hm, well"), Token("", replaces=True), Token("Yes")]
    assert [token async for token in backend.stream(ask("hi"))] == [Token("Yes")]
    await backend.aclose()


async def test_a_stall_between_words_keeps_what_came(raw: RawServer) -> None:
    backend = raw.cloud(events(piece("Hel"), hang=True), cloud_stall_timeout_s=0.2)
    said, hint = await failed(backend, ProviderStalledError)
    assert said == "Hel"
    assert "FIRSTLINE_CLOUD_STALL_TIMEOUT_S" in hint


async def test_an_answer_without_an_end_is_ended_by_the_time(raw: RawServer) -> None:
    backend = raw.cloud(events(*[piece("Hel ")] * 100, wait_s=0.02), cloud_total_timeout_s=0.3)
    said, hint = await failed(backend, ProviderStalledError)
    assert said.startswith("Hel Hel")
    assert "FIRSTLINE_CLOUD_TOTAL_TIMEOUT_S" in hint


@pytest.mark.parametrize("cut", [1, 4, 400])
async def test_a_server_that_does_not_keep_to_the_length_is_ended(raw: RawServer, cut: int) -> None:
    text = "All work and no play. " * 400
    pieces = [piece(text[place : place + cut]) for place in range(0, len(text), cut)]
    backend = raw.cloud(events(*pieces, END, DONE))
    stream = backend.stream(ask("hi", 40))
    said = await read(stream)
    assert 160 < len(said) < 1100
    assert text.startswith(said)
    assert stream.stage is Stage.LENGTH
    await backend.aclose()


async def test_single_letters_are_not_taken_for_tokens(raw: RawServer) -> None:
    text = "All work and no play makes it long."
    backend = raw.cloud(events(*map(piece, text), END, DONE))
    stream = backend.stream(ask("hi", 16))
    assert await read(stream) == text
    assert stream.usage.output_tokens == 9
    await backend.aclose()
