"""No exception of the OpenAI client, or of the HTTP client below it, gets past the map."""

import inspect
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from chatapp.backends.cloud.faults import redacted, server_fault
from chatapp.backends.cloud.server import cloud_server
from chatapp.errors import ProviderError, ProviderTimeoutError, ProviderUnreachableError
from tests.backends.conftest import KEY, make_settings

SERVER = cloud_server(make_settings())
REQUEST = httpx2.Request("POST", "http://x/v1/chat/completions", headers={"Authorization": f"Bearer {KEY}"})
ARGUMENTS: dict[str, Any] = {
    "message": f"it said {KEY}",
    "request": REQUEST,
    "body": {"message": f"body {KEY}", "code": "c", "param": "p"},
    "unsent_messages": [],
    "status_code": 400,
}


def classes(root: type[BaseException]) -> Iterator[type[BaseException]]:
    yield root
    for child in root.__subclasses__():
        yield from classes(child)


def public(module: Any) -> set[type[BaseException]]:
    members = list(vars(module).values())
    return {member for member in members if inspect.isclass(member) and issubclass(member, Exception)}


def make(kind: type[BaseException], status: int) -> BaseException:
    """An instance by its own signature."""
    if kind.__init__ in (Exception.__init__, ValueError.__init__):
        return kind(f"it said {KEY}")
    given = ARGUMENTS | {"response": httpx2.Response(status, request=REQUEST), "completion": _Completion()}
    wanted = [p for p in inspect.signature(kind).parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    plain = [given.get(p.name, "x") for p in wanted if p.kind is p.POSITIONAL_ONLY]
    return kind(*plain, **{p.name: given.get(p.name, "x") for p in wanted if p.kind is not p.POSITIONAL_ONLY})


class _Completion:
    usage = None


OPENAI = set(classes(openai.OpenAIError)) | public(openai)
HTTP = set(classes(httpx2.HTTPError)) | set(classes(httpx2.StreamError)) | public(httpx2)


def test_the_walk_finds_them() -> None:
    assert {openai.APIStatusError, openai.APITimeoutError, openai.LengthFinishReasonError} <= OPENAI
    assert {httpx2.ConnectError, httpx2.RemoteProtocolError, httpx2.InvalidURL} <= HTTP


@pytest.mark.parametrize("kind", sorted(OPENAI | HTTP, key=lambda kind: kind.__name__))
@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_every_vendor_exception_becomes_a_provider_error(kind: type[BaseException], status: int) -> None:
    fault = server_fault(make(kind, status), SERVER)
    assert isinstance(fault, ProviderError)
    assert type(fault) is not ProviderError
    assert KEY not in str(fault)
    assert "FIRSTLINE_" in fault.hint or "Wait" in fault.hint


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        KeyError("x"),
        OSError(5, "x"),
        RuntimeError("x"),
        UnicodeDecodeError("u", b"", 0, 1, "x"),
    ],
)
def test_anything_else_too(error: Exception) -> None:
    assert isinstance(server_fault(error, SERVER), ProviderError)


def test_a_wait_for_the_connection_is_not_a_slow_answer() -> None:
    error = openai.APITimeoutError(request=REQUEST)
    assert isinstance(server_fault(error, SERVER), ProviderTimeoutError)
    error.__cause__ = httpx2.ConnectTimeout("slow")
    assert isinstance(server_fault(error, SERVER), ProviderUnreachableError)


def test_our_own_error_passes_through() -> None:
    fault = ProviderUnreachableError("a", "b")
    assert server_fault(fault, SERVER) is fault


@pytest.mark.parametrize("text", [f"key {KEY} bad", "Incorrect API key provided: sk-ab****wxyz.", "Bearer abcdefgh123"])
def test_keys_are_redacted(text: str) -> None:
    cleaned = redacted(text, SERVER)
    assert "[key]" in cleaned
    assert KEY not in cleaned
    assert "wxyz" not in cleaned
