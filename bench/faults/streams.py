"""Behaviours of streams: odd chunks, odd bytes, odd ends, and models that think aloud."""

import json
from typing import Any

from bench.faults.plays import (
    CUT,
    DONE,
    END,
    FAILED,
    FIRST,
    GOOD,
    INTERNAL,
    OVER,
    PIECES,
    STOP,
    WHOLE,
    Behaviour,
    Expect,
    Used,
    chunk,
    error,
    event,
    stream,
)
from bench.faults.server import Call, Play

MUSING = "internal-musing: the customer seems to be cross."
THOUGHT = Expect(says=(WHOLE,), hides=("internal-musing", "think>"), told=False)
PART = Expect(ends=("done", "interrupted"), says=(FIRST,), told=True)
WORDS = PIECES[:2]
TOOL = {"index": 0, "id": "t1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}


def content(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """A chunk whose content is a list."""
    return chunk({"content": parts})


def texts(*pieces: str) -> list[dict[str, Any]]:
    """Each piece as a chunk with a list of one text."""
    return [content([{"type": "text", "text": piece}]) for piece in pieces]


def whole(text: str, finish: str = "stop") -> Play:
    """A completion in one JSON body, though a stream was asked for."""

    async def play(call: Call) -> None:
        call.bill()
        call.count(text)
        call.account.told = True
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
        used = {"prompt_tokens": call.account.input_tokens, "completion_tokens": call.account.output_tokens}
        used["total_tokens"] = sum(used.values())
        body = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": used}
        await call.wire.answer(200, body)

    return play


def page(body: str, kind: str = "") -> Play:
    """A body that is no stream, with status 200; the prompt may have cost all the same."""

    async def play(call: Call) -> None:
        call.bill()
        await call.wire.answer(200, body, kind=kind)

    return play


def raw(text: str, ends: str = "\n") -> bytes:
    """The whole good answer as bytes, with other line ends or other fields."""
    lines = [f"data: {json.dumps(chunk({'content': piece}))}{ends}{ends}" for piece in PIECES]
    return (text + "".join(lines) + f"data: {json.dumps(STOP)}{ends}{ends}data: [DONE]{ends}{ends}").encode()


UTF8 = f"data: {json.dumps(chunk({'content': '🙂 '}), ensure_ascii=False)}\n\n".encode()
NO_TEXT: list[dict[str, Any]] = [chunk({"role": "assistant", "content": ""}), chunk({"content": None})]

CHUNKS = {
    "plain": Behaviour("a good answer", stream(*GOOD), DONE),
    "no_delta": Behaviour(
        "a choice without `delta` amid the answer", stream(*WORDS, chunk(None), *PIECES[2:], *END), DONE
    ),
    "no_delta_first": Behaviour(
        "filter results before the first choice", stream({**chunk({}), "choices": []}, chunk(None), *GOOD), DONE
    ),
    "list_content": Behaviour("`content` is a list of texts", stream(*texts(*PIECES), *END), DONE),
    "list_thinking": Behaviour(
        "`content` is a list, with thoughts in it",
        stream(content([{"type": "thinking", "thinking": [{"type": "text", "text": MUSING}]}]), *texts(*PIECES), *END),
        THOUGHT,
    ),
    "surrogates": Behaviour(
        "an emoji split into two halves", stream(*PIECES, " \ud83d", "\ude42", *END), Expect(says=(WHOLE, "🙂"))
    ),
    "lone_surrogate": Behaviour("half an emoji", stream(*PIECES, " \ud83d ", *END), Expect(says=(WHOLE,))),
    "nul": Behaviour("NUL amid the answer", stream(*PIECES, " \0", *END), Expect(says=(WHOLE,))),
    "utf8_split": Behaviour(
        "a character split between packets", stream(UTF8[:-12], 0.1, UTF8[-12:], *GOOD), Expect(says=("🙂", WHOLE))
    ),
    "empty": Behaviour("no text, finish reason `stop`", stream(*NO_TEXT, *END), FAILED),
    "nothing": Behaviour("[DONE] alone", stream(OVER), FAILED),
    "silent_end": Behaviour("an empty stream", stream(), FAILED),
    "blank": Behaviour("spaces and line ends alone", stream("  ", "\n\n", " ", *END), FAILED),
    "zero_width": Behaviour("zero-width characters alone", stream("\u200b\u200b", "\u2060\ufeff", *END), FAILED),
    "whole_json": Behaviour("one JSON body instead of a stream", whole(WHOLE), DONE),
    "whole_length": Behaviour(
        "one JSON body, ended by `length`", whole(WHOLE, "length"), Expect(says=(WHOLE,), told=True)
    ),
    "html": Behaviour("an HTML page with status 200", page(f"<html><body>{INTERNAL} login</body></html>"), FAILED),
    "text": Behaviour("a line of text with status 200", page(f"upstream busy {INTERNAL}"), FAILED),
    "bad_json": Behaviour(
        "a chunk that is no JSON",
        stream(*WORDS, b'data: {"choices": [\n\n', *PIECES[2:], *END),
        Expect(ends=("done", "interrupted", "failed"), says=(FIRST,)),
    ),
    "refusal": Behaviour(
        "`refusal` instead of `content`", stream(*[chunk({"refusal": p}) for p in PIECES], *END), DONE
    ),
    "tools": Behaviour(
        "tool calls only", stream(chunk({"tool_calls": [TOOL]}), chunk({}, "tool_calls"), Used(), OVER), FAILED
    ),
    "tools_after": Behaviour(
        "an answer, then a tool call",
        stream(*PIECES, chunk({"tool_calls": [TOOL]}), chunk({}, "tool_calls"), Used(), OVER),
        Expect(ends=("done", "interrupted"), says=(WHOLE,)),
    ),
    "function": Behaviour(
        "an old function call only",
        stream(chunk({"function_call": {"name": "f", "arguments": "{}"}}), chunk({}, "function_call"), OVER),
        FAILED,
    ),
    "choices": Behaviour(
        "a second choice beside the first",
        stream(*[c for p in PIECES for c in (chunk({"content": p}), chunk({"content": "other "}, index=1))], *END),
        Expect(says=(WHOLE,), hides=("other",)),
    ),
    "null_usage": Behaviour(
        "`usage: null` in every chunk", stream(*[chunk({"content": p}, usage=None) for p in PIECES], *END), DONE
    ),
    "crlf": Behaviour("lines ended by CR LF", stream(raw("", "\r\n"), says=WHOLE), DONE),
    "comments": Behaviour("comments between events", stream(raw(": ping\n\n"), says=WHOLE), DONE),
    "retry": Behaviour("a `retry:` field first", stream(raw("retry: 10\n\n"), says=WHOLE), DONE),
    "fields": Behaviour("`event:` and `id:` fields", stream(raw("event: x\nid: 1\ndata: {}\n\n"), says=WHOLE), DONE),
    "bom": Behaviour("a byte order mark first", stream(b"\xef\xbb\xbf", raw(""), says=WHOLE), DONE),
    "gzip": Behaviour("a compressed stream", stream(*GOOD, gzip=True), DONE),
    "wrong_type": Behaviour("a stream called `text/plain`", stream(*GOOD, kind="text/plain"), DONE),
    "octets": Behaviour(
        "a stream called `application/octet-stream`", stream(*GOOD, kind="application/octet-stream"), DONE
    ),
    "huge": Behaviour(
        "100,000 characters in one chunk",
        stream("A long story. " * 7000, *END),
        Expect(ends=("done", "interrupted", "failed"), within_s=15),
    ),
}

ENDS = {
    "no_finish": Behaviour(
        "[DONE] without a finish reason, as it always does", stream(*PIECES, OVER), DONE, always=True
    ),
    "no_finish_once": Behaviour(
        "[DONE] without a finish reason, where it gives one else",
        stream(*PIECES, OVER),
        Expect(ends=("done", "interrupted"), says=(WHOLE,)),
    ),
    "no_done": Behaviour("a finish reason and no [DONE]", stream(*PIECES, STOP), DONE),
    "cut": Behaviour("the response ends amid the answer", stream(*WORDS), CUT),
    "cut_reset": Behaviour("the connection breaks amid the answer", stream(*WORDS, 0.2, after="reset"), CUT),
    "cut_chunked": Behaviour("the connection closes amid the answer", stream(*WORDS, after="close"), CUT),
    "length": Behaviour("finish reason `length`", stream(*WORDS, chunk({}, "length"), Used(), OVER), PART),
    "filter": Behaviour(
        "finish reason `content_filter`", stream(*WORDS, chunk({}, "content_filter"), Used(), OVER), PART
    ),
    "filter_first": Behaviour(
        "`content_filter` before a word", stream(chunk({}, "content_filter"), Used(), OVER), FAILED
    ),
    "finish_error": Behaviour("finish reason `error`", stream(*WORDS, chunk({}, "error"), Used(), OVER), PART),
    "error_inside": Behaviour("an error as an event, after words", stream(*WORDS, error("overloaded"), OVER), CUT),
    "error_first": Behaviour("an error as the first event", stream(error("overloaded"), OVER), FAILED),
    "error_event": Behaviour(
        "an `event: error` after words",
        stream(*WORDS, b"event: error\n" + event(error("overloaded", type="overloaded_error"))),
        CUT,
    ),
}

THINKING = {
    "think": Behaviour(
        "`<think>…</think>` before the answer", stream("<think>", MUSING, "</think>\n\n", *GOOD), THOUGHT
    ),
    "think_split": Behaviour(
        "its tags split between chunks", stream("<th", "ink>" + MUSING, "</thi", "nk>", *GOOD), THOUGHT
    ),
    "think_open": Behaviour(
        "a thought without end, ended by `length`",
        stream("<think>", MUSING, chunk({}, "length"), Used(), OVER),
        Expect(ends=("failed", "abstained"), hides=("internal-musing", "think>"), told=True),
    ),
    "think_word": Behaviour(
        "an answer that speaks of `<think>` in code", stream("Write `<think>` in it. ", *GOOD), Expect(says=(WHOLE,))
    ),
    "reasoning": Behaviour(
        "`reasoning_content` for longer than the first word may take",
        stream(*[i for _ in range(6) for i in (chunk({"reasoning_content": MUSING}), 0.8)], *GOOD),
        Expect(says=(WHOLE,), hides=("internal-musing",), within_s=12),
    ),
    "reasoning_field": Behaviour(
        "`reasoning` beside an empty `content`", stream(chunk({"reasoning": MUSING, "content": ""}), *GOOD), THOUGHT
    ),
    "reasoning_only": Behaviour(
        "`reasoning_content` only, ended by `length`",
        stream(*[chunk({"reasoning_content": MUSING})] * 4, chunk({}, "length"), Used(), OVER),
        Expect(ends=("failed", "abstained"), hides=("internal-musing",), told=True),
    ),
}
