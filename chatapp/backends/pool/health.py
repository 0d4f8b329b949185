"""Whether a server can be given calls, without giving it one."""

import asyncio
from enum import StrEnum
from typing import NamedTuple

import httpx2
import openai
from openai._types import RequestOptions

from chatapp.backends.cloud.backend import ServerBackend
from chatapp.backends.cloud.faults import server_fault

TIMEOUT_S = 5.0
"""The longest wait for an answer to a check."""

_UNAVAILABLE = 503
_REFUSED_KEY = (401, 403)


class State(StrEnum):
    """What is known of a server. A draining one ends its running calls and is given no new ones."""

    LIVE = "live"
    DRAINING = "draining"
    DEAD = "dead"


class Health(NamedTuple):
    """A state, and for any but live the reason, in an operator's words."""

    state: State
    why: str = ""


async def health(backend: ServerBackend) -> Health:
    """What the server says at `/health` beside its API and, where there is no such thing, at `/models` in it.

    503 means draining, whoever says it: llama.cpp's own server while it loads, or a gateway that takes it out. vLLM and
    llama.cpp's own server have the first address; Ollama and llama-cpp-python's server only the second.
    """
    base_url = backend.server.base_url
    status = 0
    for address in (f"{base_url.removesuffix('/v1')}/health", f"{base_url}/models"):
        try:
            status = await _status(backend, address)
        except openai.OpenAIError as error:
            return Health(State.DEAD, server_fault(error, backend.server).what)
        except (TimeoutError, httpx2.HTTPError):
            return Health(State.DEAD, f"it did not answer in time, {TIMEOUT_S:g} s, when asked for its health")
        if status == _UNAVAILABLE:
            return Health(State.DRAINING, "it answers 503 when asked for its health")
        if status >= 500:
            break
        if status < 400:
            return Health(State.LIVE)
    if status in _REFUSED_KEY:
        return Health(State.DEAD, f"it answers {status}: it refuses the key of FIRSTLINE_LOCAL_API_KEY, or wants one")
    return Health(State.DEAD, f"it answers {status}") if status >= 500 else Health(State.LIVE)


async def _status(backend: ServerBackend, address: str) -> int:
    asked: RequestOptions = {"timeout": TIMEOUT_S, "max_retries": 0}
    try:
        async with asyncio.timeout(TIMEOUT_S):  # of all of it: a server may send a byte now and then
            await backend.client.get(address, cast_to=httpx2.Response, options=asked)
    except openai.APIStatusError as error:
        return error.status_code
    return 200
