"""Behaviours of servers that refuse: parameters in every shape of error body, and statuses with and without help."""

from collections.abc import Callable
from typing import Any

from bench.faults.plays import DONE, FAILED, GOOD, INTERNAL, Behaviour, Expect, error, first, refusal, stream
from bench.faults.server import Call, Play

Body = Callable[[str], tuple[int, Any]]
ADAPTED = Expect(says=DONE.says, told=False, calls=6)


def openai_body(name: str) -> tuple[int, Any]:
    """`param` names it."""
    return 400, error(
        f"Unsupported parameter: '{name}' is not supported with this model.", param=name, code="unsupported_parameter"
    )


def array_body(name: str) -> tuple[int, Any]:
    """An array, as Gemini's compatible address gives it."""
    said = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
    return 400, [{"error": {"code": 400, "message": said, "status": "INVALID_ARGUMENT"}}]


def detail_body(name: str) -> tuple[int, Any]:
    """FastAPI's list of what a model forbids."""
    return 422, {
        "detail": [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}]
    }


def text_body(name: str) -> tuple[int, Any]:
    """A line of text."""
    return 400, f"{name} is not supported"


def deprecated_body(name: str) -> tuple[int, Any]:
    """A parameter that was taken once."""
    return 400, {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": f"`{name}` is deprecated for this model."},
    }


def default_body(name: str) -> tuple[int, Any]:
    """A value other than the default."""
    said = f"Unsupported value: '{name}' does not support 0.3 with this model. Only the default (1) value is supported."
    return 400, error(said, param=name, code="unsupported_value")


def message_body(name: str) -> tuple[int, Any]:
    """`message` at the top, as vLLM had it."""
    return 400, {
        "object": "error",
        "message": f"[{{'loc': ('body', '{name}'), 'msg': 'Extra inputs are not permitted'}}]",
        "code": 400,
    }


def rename_body(name: str) -> tuple[int, Any]:
    """Another name is wanted."""
    said = f"Unsupported parameter: '{name}' is not supported with this model. Use 'max_completion_tokens' instead."
    return 400, error(said, param=name, code="unsupported_parameter")


def large_body(name: str) -> tuple[int, Any]:
    """A value that is too large."""
    return 400, error(
        f"max_tokens is too large: 200. This model supports at most 64 completion tokens, {name}", param=name
    )


def refusing(body: Body, *names: str) -> Play:
    """Refuse the first of these parameters that a request has; answer one that has none."""
    good = stream(*GOOD)

    async def play(call: Call) -> None:
        name = next((name for name in names if name in call.body), None)
        status, said = body(name) if name else (0, None)
        await (refusal(status, said) if name else good)(call)

    return play


async def _no_system(call: Call) -> None:
    if any(message["role"] == "system" for message in call.body["messages"]):
        await refusal(400, error("System role not supported", code=400))(call)
    else:
        await stream(*GOOD)(call)


async def _no_large(call: Call) -> None:
    asked = call.body.get("max_tokens", call.body.get("max_completion_tokens", 0))
    status, said = large_body("max_tokens")
    await (refusal(status, said) if asked > 64 else stream(*GOOD))(call)


def _billed(play: Play) -> Play:
    """What says 200 may have cost its prompt."""

    async def billed(call: Call) -> None:
        call.bill()
        await play(call)

    return billed


def _adapts(about: str, play: Play) -> Behaviour:
    return Behaviour(about, play, ADAPTED, always=True)


EVERY = ("seed", "temperature", "stream_options", "max_tokens")
PARAMETERS = {
    "seed_param": _adapts("refuses `seed`, named in `param`", refusing(openai_body, "seed")),
    "seed_array": _adapts("refuses `seed` in an array-shaped 400", refusing(array_body, "seed")),
    "seed_detail": _adapts("refuses `seed` in a 422 with `detail`", refusing(detail_body, "seed")),
    "seed_text": _adapts("refuses `seed` in plain text", refusing(text_body, "seed")),
    "temperature_deprecated": _adapts("calls `temperature` deprecated", refusing(deprecated_body, "temperature")),
    "temperature_default": _adapts("takes the default temperature only", refusing(default_body, "temperature")),
    "options_message": _adapts("refuses `stream_options`, reason at the top", refusing(message_body, "stream_options")),
    "options_array": _adapts("refuses `stream_options` in an array", refusing(array_body, "stream_options")),
    "max_tokens": _adapts("wants `max_completion_tokens`", refusing(rename_body, "max_tokens")),
    "max_tokens_array": _adapts("refuses `max_tokens` in an array", refusing(array_body, "max_tokens")),
    "max_tokens_large": _adapts("takes 64 tokens at most", _no_large),
    "all_param": _adapts("refuses four parameters, one after the other", refusing(openai_body, *EVERY)),
    "all_detail": _adapts("the same with `detail`", refusing(detail_body, *EVERY)),
    "no_system": _adapts("refuses the system role", _no_system),
    "unknown_parameter": Behaviour(
        "refuses a parameter that is not sent",
        refusal(*openai_body("logit_bias")),
        Expect(FAILED.ends, told=True, calls=2),
    ),
}

GOOD_NOW = stream(*GOOD)
RETRIED = Expect(FAILED.ends, told=True, calls=3)
ONCE = Expect(says=DONE.says, told=False, calls=3)
STATUSES = {
    "s401": Behaviour(
        "401", refusal(401, error("Incorrect API key provided: sk-loopback", code="invalid_api_key")), FAILED
    ),
    "s402": Behaviour("402, no balance", refusal(402, error("Insufficient balance")), FAILED),
    "s403": Behaviour("403", refusal(403, error("Project smollm2-prod does not have access")), FAILED),
    "s404_model": Behaviour(
        "404, no such model", refusal(404, error("The model `smollm2` does not exist", code="model_not_found")), FAILED
    ),
    "s404_text": Behaviour("404 in plain text", refusal(404, f"404 page not found {INTERNAL}"), FAILED),
    "s408": Behaviour("408", refusal(408, error("Request timed out")), RETRIED),
    "s409": Behaviour("409", refusal(409, error("Conflict")), RETRIED),
    "s413": Behaviour("413 as a page", refusal(413, f"<html>413 {INTERNAL}</html>"), FAILED),
    "s422": Behaviour("422", refusal(422, {"detail": [{"loc": ["body", "messages"], "msg": INTERNAL}]}), FAILED),
    "s429": Behaviour(
        "429, always", refusal(429, error("Rate limit reached")), Expect(FAILED.ends, told=True, calls=4, within_s=14)
    ),
    "s429_soon": Behaviour(
        "429 with Retry-After 1, once", first(refusal(429, error("Slow down"), {"Retry-After": "1"}), GOOD_NOW), ONCE
    ),
    "s429_ms": Behaviour(
        "429 with retry-after-ms, once", first(refusal(429, error("Slow"), {"retry-after-ms": "300"}), GOOD_NOW), ONCE
    ),
    "s429_late": Behaviour(
        "429 with Retry-After 3600",
        refusal(429, error("Daily limit"), {"Retry-After": "3600"}),
        Expect(FAILED.ends, told=True, calls=3, within_s=8),
    ),
    "s429_quota": Behaviour(
        "429, quota used up", refusal(429, error("You exceeded your quota", code="insufficient_quota")), FAILED
    ),
    "s500_once": Behaviour("500, once", first(refusal(500, error("The server had an error")), GOOD_NOW), ONCE),
    "s500": Behaviour("500, always", refusal(500, error("The server had an error")), RETRIED),
    "s502": Behaviour(
        "502 as a page",
        refusal(502, f"<html><h1>502 Bad Gateway</h1>{INTERNAL} nginx</html>"),
        RETRIED,
    ),
    "s503_soon": Behaviour(
        "503 with Retry-After 1, once", first(refusal(503, error("Loading"), {"Retry-After": "1"}), GOOD_NOW), ONCE
    ),
    "s529": Behaviour(
        "529 overloaded",
        refusal(529, {"type": "error", "error": {"type": "overloaded_error", "message": INTERNAL}}),
        RETRIED,
    ),
    "s200_error": Behaviour("200 with an error body", _billed(refusal(200, error("upstream failed"))), FAILED),
    "context": Behaviour(
        "400, context too long",
        refusal(400, error("This model's maximum context length is 512 tokens", code="context_length_exceeded")),
        FAILED,
    ),
    "policy": Behaviour(
        "400, content policy",
        refusal(
            400,
            error(
                "The response was filtered due to the prompt triggering content management policy",
                code="content_filter",
            ),
        ),
        FAILED,
    ),
    "no_stream": Behaviour(
        "400, no streaming", refusal(400, error("`stream` is not supported by this model", param="stream")), FAILED
    ),
    "moved": Behaviour("307 to another address", refusal(307, "", {"Location": "/elsewhere/v1/nothing"}), FAILED),
    "moved_far": Behaviour(
        "307 to another host", refusal(307, "", {"Location": "http://127.0.0.1:9/v1/chat/completions"}), RETRIED
    ),
}
