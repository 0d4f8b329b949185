"""An OpenAI-compatible server on loopback that misbehaves on purpose and keeps an account of what it would bill.

A message names its behaviour by `zz-NAME` or `zz-NAME-TAG` anywhere in its text; the last such word of a request is it.
A base URL of `http://…/NAME/v1` plays NAME for every message, for what a server does always.
"""

import asyncio
import json
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.faults.wire import Wire

MARKER = re.compile(r"zz-([a-z0-9_]+)(?:-([a-z0-9]+))?")
PLAIN = "plain"


@dataclass
class Account:
    """What one request is billed at. `told` says that the client was given these figures, to the token; `dark` that it
    cannot know whether anything was billed, because the answer never came.
    """

    marker: str
    behaviour: str
    prompt_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    billed: bool = False
    told: bool = False
    dark: bool = False
    hung_up: bool = False
    characters: int = 0
    at: float = field(default_factory=time.time)


@dataclass
class Call:
    """One request while it is played; `number` counts the requests of its message from 1."""

    body: dict[str, Any]
    headers: dict[str, str]
    number: int
    account: Account
    wire: Wire

    def bill(self, output_tokens: int = 0) -> None:
        """From now on the request costs its prompt and `output_tokens` more."""
        self.account.input_tokens = self.account.prompt_tokens
        self.account.output_tokens += output_tokens
        self.account.billed = True

    def count(self, text: str) -> None:
        """Text of the answer costs a token each four characters, however it is cut."""
        before = tokens(self.account.characters)
        self.account.characters += len(text)
        self.account.output_tokens += tokens(self.account.characters) - before

    async def hang(self) -> None:
        """Say nothing more until the client hangs up."""
        self.account.hung_up = await self.wire.hung_up()


Play = Callable[[Call], Awaitable[None]]


def tokens(characters: int) -> int:
    """This server's own count: four characters a token."""
    return -(-characters // 4)


def counted(body: Mapping[str, Any]) -> int:
    """Prompt tokens of a request, four of frame a message."""
    return sum(tokens(len(str(message.get("content", "")))) + 4 for message in body.get("messages", ()))


class Provider:
    """The server. `calls` are all requests so far, in order; `accounts` what they cost."""

    def __init__(self, plays: Mapping[str, Play]) -> None:
        self.calls: list[Call] = []
        self.port = 0
        self._plays = plays
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def accounts(self) -> list[Account]:
        """One a request."""
        return [call.account for call in self.calls]

    def url(self, always: str = "") -> str:
        """The base URL; `always` names a behaviour for every message."""
        return f"http://127.0.0.1:{self.port}/{always + '/' if always else ''}v1"

    def of(self, marker: str) -> list[Call]:
        """The requests of one message."""
        return [call for call in self.calls if call.account.marker == marker]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        wire = Wire(reader, writer)
        self._writers.append(writer)
        try:
            path, headers, body = await wire.request()
            if path.endswith("/chat/completions") and body:
                await self._play(path, headers, body, wire)
            elif path.endswith("/models"):
                await wire.answer(200, {"object": "list", "data": [{"id": "smollm2", "object": "model"}]})
            else:
                await wire.answer(404, {"error": {"message": "no such address"}})
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ValueError):
            pass
        finally:
            writer.close()

    async def close(self) -> None:
        """Break every connection and end whatever is being played."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # in which the loop lets the sockets go

    async def _play(self, path: str, headers: dict[str, str], body: dict[str, Any], wire: Wire) -> None:
        marker, name = self._chosen(path, body)
        number = len(self.of(marker)) + 1
        call = Call(body, headers, number, Account(marker, name, counted(body)), wire)
        self.calls.append(call)
        try:
            await asyncio.wait_for(self._plays[name](call), 120)
        except (ConnectionError, TimeoutError):
            call.account.hung_up = True

    def _chosen(self, path: str, body: dict[str, Any]) -> tuple[str, str]:
        said = " ".join(str(message.get("content", "")) for message in body.get("messages", ()))
        found = list(MARKER.finditer(said))
        marker = found[-1].group(0) if found else "none"
        name = found[-1].group(1) if found else PLAIN
        always = path.strip("/").split("/")[0]
        name = always if always in self._plays else name
        return marker, name if name in self._plays else PLAIN


@contextmanager
def provider(plays: Mapping[str, Play]) -> Iterator[Provider]:
    """The server in a thread of its own, on a free port."""
    server, ready, stop = Provider(plays), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.port = listener.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        listener.close()
        await server.close()

    def thread() -> None:
        loop.run_until_complete(run())
        loop.close()

    worker = threading.Thread(target=thread, daemon=True)
    worker.start()
    ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        worker.join(10)


def as_json(account: Account) -> str:
    """One line of the account, for logs."""
    return json.dumps(account.__dict__)
