"""The parts that behaviours are made of: chunks, streams of them, refusals, and what is expected of the product."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from bench.faults.server import Call, Play

PIECES = ("Thank you ", "for telling us. ", "That sounds tiring, ", "and I understand ", "why you are upset.")
WHOLE = "".join(PIECES)
FIRST = "Thank you for telling us."
INTERNAL = "internal-trace-77"
"""In every error body: words of the provider that no customer may read."""


@dataclass(frozen=True)
class Used:
    """The usage at the end of a stream; None is the server's own count. `also` holds more members of that chunk.

    `beside` are tokens in the total only; `also` more members; with `vague` they leave a reader to guess.
    """

    prompt: int | None = None
    completion: int | None = None
    cached: int = 0
    beside: int = 0
    vague: bool = False
    also: dict[str, Any] = field(default_factory=dict)
    choices: tuple[dict[str, Any], ...] = ()


Item = str | bytes | float | dict[str, Any] | Used


@dataclass(frozen=True)
class Expect:
    """What a row must result in.

    `ends`: the stored status must be one of these. `says`: parts of the answer. `hides`: never shown to anybody.
    `told`: the customer is told of it (True), or of nothing (False). `calls`: the most requests of one message.
    `within_s`: the longest the customer may wait. `margin`: of estimated tokens, as a factor.
    """

    ends: tuple[str, ...] = ("done",)
    says: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    told: bool | None = None
    calls: int = 2
    within_s: float = 8.0


@dataclass(frozen=True)
class Behaviour:
    """`about` describes it. With `always` the server does it to every message, in a product of its own."""

    about: str
    play: Play
    expect: Expect
    always: bool = False
    message: str = ""


DONE = Expect(says=(WHOLE,), told=False)
FAILED = Expect(ends=("failed", "abstained"), told=True)
CUT = Expect(ends=("interrupted",), says=(FIRST,), told=True)


def chunk(delta: dict[str, Any] | None, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    """One chunk of a completion; `delta` None leaves it out."""
    choice = {"index": index, "finish_reason": finish} | ({} if delta is None else {"delta": delta})
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}


STOP = chunk({}, "stop")
OVER = b"data: [DONE]\n\n"
END: tuple[Item, ...] = (STOP, Used(), OVER)
GOOD: tuple[Item, ...] = (*PIECES, *END)


def stream(
    *items: Item, kind: str = "text/event-stream", gzip: bool = False, after: str = "end", says: str = ""
) -> Play:
    """Text as a chunk each, dicts as events, bytes as they are, numbers as seconds of silence.

    `after` the items: `end` the response, `hang`, or `reset` the connection. `says` is the text that bytes hold.
    """

    async def play(call: Call) -> None:
        call.bill()
        call.count(says)
        await call.wire.begin(kind=kind, gzip=gzip)
        for item in items:
            await send(call, item)
        if after == "hang":
            await call.hang()
        elif after == "reset":
            call.wire.reset()
        elif after == "end":
            await call.wire.end()

    return play


async def send(call: Call, item: Item) -> None:
    """One item of a stream."""
    match item:
        case float():
            await asyncio.sleep(item)
        case bytes():
            await call.wire.write(item)
        case Used():
            await call.wire.write(event(_figures(call, item)))
        case str():
            call.count(item)
            await call.wire.write(event(chunk({"content": item})))
        case dict():
            call.count("".join(_said(choice.get("delta")) for choice in item.get("choices", ())))
            await call.wire.write(event(item))


def event(data: dict[str, Any]) -> bytes:
    """One event of a stream; what is no ASCII goes as \\u escapes, lone surrogates too."""
    return f"data: {json.dumps(data)}\n\n".encode()


def refusal(status: int, body: Any, headers: dict[str, str] | None = None) -> Play:
    """A whole response. Nothing is billed, which a client cannot know after a server failed."""

    async def play(call: Call) -> None:
        call.account.dark = status >= 500
        await call.wire.answer(status, body, headers)

    return play


def first(play: Play, then: Play, times: int = 1) -> Play:
    """`play` for the first requests of a message, `then` for the others."""

    async def both(call: Call) -> None:
        await (play if call.number <= times else then)(call)

    return both


def error(message: str, **more: Any) -> dict[str, Any]:
    """An error body in OpenAI's shape."""
    return {"error": {"message": f"{message} ({INTERNAL})", "type": "error", "param": None, "code": None, **more}}


def _said(delta: Any) -> str:
    if not isinstance(delta, dict):
        return ""
    parts = [delta.get(name) for name in ("content", "reasoning_content", "reasoning", "refusal")]
    return "".join(part if isinstance(part, str) else json.dumps(part) for part in parts if part)


def _figures(call: Call, used: Used) -> dict[str, Any]:
    account = call.account
    prompt = account.input_tokens if used.prompt is None else used.prompt
    completion = account.output_tokens if used.completion is None else used.completion
    figures = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion + used.beside,
        "prompt_tokens_details": {"cached_tokens": used.cached},
    }
    account.told = prompt > 0 and not used.vague
    if account.told:
        account.output_tokens = completion + used.beside
        account.input_tokens, account.cached_tokens = prompt, used.cached
    return {**chunk({}), "choices": list(used.choices), "usage": figures | used.also}
