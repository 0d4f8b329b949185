"""The servers that answer in place of the model in this process: one real call of each."""

import asyncio
import time

from chatapp.addresses.shown import shown_url
from chatapp.backends.base import ChatMessage, Request
from chatapp.backends.cloud.backend import ServerBackend
from chatapp.backends.cloud.server import ModelServer, local_servers
from chatapp.backends.pool.drained import Drained
from chatapp.checks.check import Check, Patient
from chatapp.errors import ProviderError

QUESTION = "Reply with the one word: hello"


def local_server_check(patient: Patient) -> Check:
    """Every server of FIRSTLINE_LOCAL_BASE_URL, asked as the product asks it. One that does not answer is a failure,
    unless it was taken out.
    """
    settings, servers = patient.settings, local_servers(patient.settings)
    drained = Drained(settings.data_dir)

    async def all_answers() -> list[str | ProviderError]:
        return await asyncio.gather(*(_answer(server, settings.local_max_tokens) for server in servers))

    told, remedies = [], list[str]()
    for server, answer in zip(servers, asyncio.run(all_answers()), strict=True):
        taken_out = server.base_url in drained
        out = " (taken out by `firstline servers`)" if taken_out else ""
        if isinstance(answer, ProviderError):
            told.append(f"{answer.what}{out}")
            remedies += [] if taken_out else [answer.hint]
        else:
            told.append(f"{shown_url(server.base_url)} {answer}{out}")
    detail = f"{settings.local_server_model!r} at {len(servers)} servers: {'; '.join(told)}"
    return Check("fail" if remedies else "ok", "local model", detail, " ".join(dict.fromkeys(remedies)))


async def _answer(server: ModelServer, max_tokens: int) -> str | ProviderError:
    """What one call shows, or the error that ended it."""
    backend = ServerBackend(server)
    messages = ChatMessage("system", "You are a help desk."), ChatMessage("user", QUESTION)
    began, first_ms, sure = time.perf_counter(), 0.0, False
    try:
        async for token in backend.stream(Request(messages, max_tokens)):
            first_ms = first_ms or (time.perf_counter() - began) * 1000
            sure = sure or token.logprob is not None
    except ProviderError as error:
        return error
    finally:
        await backend.aclose()
    return f"answers, first word in {first_ms:.0f} ms, {'with' if sure else 'without'} log-probabilities"
