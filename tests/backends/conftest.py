"""The shipped model, a real OpenAI-compatible server, and a raw one that misbehaves on purpose."""

import asyncio
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from chatapp.backends.base import ChatMessage, Request, Stream
from chatapp.backends.cloud.backend import CloudBackend
from chatapp.backends.local.backend import LocalBackend
from chatapp.errors import ProviderError
from chatapp.settings import Settings
from localmodel.model_file import shipped_model
from tests.tiny_model import write_tiny_adapter

KEY = "sk-test-0123456789abcdef"
Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter, dict[str, Any]], Awaitable[None]]


@pytest.fixture(scope="session")
def random_adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA over the tiny model, strong enough to change what is said."""
    return write_tiny_adapter(tiny_model, tmp_path_factory.mktemp("adapter") / "adapter.gguf", seed=5)


def make_settings(**overrides: Any) -> Settings:
    """Settings of a test: one thread, so that a busy machine stays fair; a key to look for in errors."""
    fast = {"local_threads": 1, "local_unpack": False, "cloud_api_key": KEY, "cloud_model": "test-model"}
    return Settings(**(fast | overrides))


def ask(text: str, max_tokens: int = 12, **more: Any) -> Request:
    """A request of one user message."""
    return Request((ChatMessage("user", text),), max_tokens=max_tokens, **more)


async def read(stream: Stream) -> str:
    """The whole answer."""
    return "".join([token.text async for token in stream])


async def read_to_error(stream: Stream, kind: type[ProviderError]) -> tuple[str, ProviderError]:
    """What came of an answer, and the error of `kind` that ended it."""
    seen = ""
    try:
        async for token in stream:
            seen += token.text
    except kind as fault:
        return seen, fault
    raise AssertionError(f"no {kind.__name__} after {seen!r}")


@pytest.fixture(scope="session")
def gguf() -> Path:
    return shipped_model()


@pytest.fixture(scope="session")
def local() -> Iterator[LocalBackend]:
    backend = LocalBackend(make_settings(local_context_tokens=512, local_prompt_tokens=256))
    backend.load()
    yield backend
    asyncio.run(backend.aclose())


@pytest.fixture(scope="session")
def tiny_local(tiny_model: Path) -> Iterator[LocalBackend]:
    """For what is asked of the engine and not of what it says."""
    backend = LocalBackend(
        make_settings(local_model=str(tiny_model), local_context_tokens=512, local_prompt_tokens=256)
    )
    backend.load()
    yield backend
    asyncio.run(backend.aclose())


@pytest.fixture(scope="session")
def real_server(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of `python -m llama_cpp.server`, ended by its own process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(gguf), "--port", str(port)]
    command += ["--interrupt_requests", "False", "--n_threads", "1", "--n_ctx", "1024"]
    with (tmp_path_factory.mktemp("server") / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_ready(process, f"http://127.0.0.1:{port}/v1/models")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(20)


def _wait_ready(process: "subprocess.Popen[bytes]", url: str) -> None:
    for _ in range(600):
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not start")


class RawServer:
    """Plays one function a request, the last one again and again; `seen` are the requests' JSON bodies."""

    def __init__(self) -> None:
        self.plays: list[Play] = []
        self.seen: list[dict[str, Any]] = []
        self.url = ""
        self.asked = asyncio.Event()
        self.gone = asyncio.Event()

    def cloud(self, *plays: Play, **overrides: Any) -> CloudBackend:
        """A backend that talks to this server, which will play `plays`."""
        self.plays = list(plays)
        return CloudBackend(make_settings(cloud_base_url=self.url, **overrides))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.split("content-length:")[1].split()[0]) if "content-length:" in head else 0
            body = json.loads(await reader.readexactly(size)) if size else {}
            self.seen.append(body)
            self.asked.set()
            await self.plays[min(len(self.seen), len(self.plays)) - 1](reader, writer, body)
        finally:
            self.gone.set()
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[RawServer]:
    """A server that plays, on a port of its own."""
    server = RawServer()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    yield server
    listener.close()
    await listener.wait_closed()


@pytest_asyncio.fixture
async def raw() -> AsyncIterator[RawServer]:
    async with listening() as server:
        yield server


def status(code: int, body: Any, headers: str = "") -> Play:
    """An answer with this status and JSON (or text) body."""

    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: dict[str, Any]) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        kind = "text/html" if isinstance(body, str) else "application/json"
        head = f"HTTP/1.1 {code} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{headers}"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + data)
        await writer.drain()

    return play


def error(http: int, message: str, **more: Any) -> Play:
    """An OpenAI-shaped error."""
    return status(http, {"error": {"message": message, "type": "error", **more}})


def events(*items: Any, wait_s: float = 0.0, hang: bool = False) -> Play:
    """A stream of these chunks (dicts, or raw text), `wait_s` before each; `hang` keeps it open."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: dict[str, Any]) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for item in items:
            await asyncio.sleep(wait_s)
            data = item if isinstance(item, str) else f"data: {json.dumps(item)}\n\n"
            writer.write(data.encode())
            await writer.drain()
        if hang:
            await reader.read()

    return play


def piece(text: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One chunk of a completion."""
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
        **more,
    }


def usage(prompt: int, completion: int, cached: int = 0) -> dict[str, Any]:
    """The closing chunk that carries the figures."""
    figures = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    return piece(usage=figures) | {"choices": []}


DONE = "data: [DONE]\n\n"
HELLO = events(piece("Hel"), piece("lo"), piece(finish="stop"), usage(20, 2, 5), DONE)
