"""The whole application in this process, over scripted models, for a browser: what a page shows in every state.

What the models say is told by the message. `outside …` goes to the cloud; `slow` waits after its first words and `held`
before them until the desk lets it go on; `fails` fails.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from chatapp.backends.base import Request, Token
from chatapp.backends.scripted import ScriptedBackend, ScriptedStream
from chatapp.errors import ProviderUnreachableError
from chatapp.main import create_app
from chatapp.settings import Settings
from tests.web.scripted import scripted_product

TOKEN = "let me in"
FIRST_WORDS = 3
LOOK_EVERY_S = 0.02
RICH = """Here is **all** of it, see https://tarnandtor.example/returns or call 0800 555 0142.

| Where | How long it takes | What it costs | What else there is to know |
|---|---|---|---|
| Great Britain | two days | 3.90 EUR | free from 50 EUR<br>no parcels on Sundays |
| Norway | five days | 9.90 EUR | customs are included |

```
a line of code that is much longer than the column of a phone, so that it has to scroll within its box
```
"""
WORDS = "One word after the other, and then some more of them."
RTL = "مرحبا، يمكنك إعادة البضاعة خلال 60 يومًا.\n\n- أولاً\n- ثانيًا"


class ToldBackend(ScriptedBackend):
    """Fares as the customer's message says."""

    def __init__(self, name: str, gate: threading.Event) -> None:
        super().__init__(_reply, name)
        self._gate = gate

    def stream(self, request: Request) -> ScriptedStream:
        said = request.messages[-1].content
        if "held" in said:
            return GatedStream(self, request, self._gate, 0)
        return GatedStream(self, request, self._gate, FIRST_WORDS) if "slow" in said else super().stream(request)


class GatedStream(ScriptedStream):
    """Waits after some words until the gate is open: a test says when an answer goes on, and no clock does."""

    def __init__(self, backend: ScriptedBackend, request: Request, gate: threading.Event, after: int) -> None:
        super().__init__(backend, request)
        self._gate, self._after = gate, after

    async def __aiter__(self) -> AsyncIterator[Token]:
        count = 0
        async for token in super().__aiter__():
            if count == self._after:
                await self._opened()
            if self._closed:
                return
            count += 1
            yield token

    async def _opened(self) -> None:
        while not self._gate.is_set() and not self._closed:  # noqa: ASYNC110 - a test opens it from another thread
            await asyncio.sleep(LOOK_EVERY_S)


def _reply(request: Request) -> Any:
    said = request.messages[-1].content
    if "fails" in said:
        return ProviderUnreachableError("The cloud model did not answer.", "Try again.")
    if "rich" in said:
        return RICH
    return RTL if "rtl" in said else WORDS


class Desk:
    """A served application; `restart` ends it and serves the same data anew at the same address.

    While `gate` is clear, slow and held answers wait.
    """

    def __init__(self, folder: Path, **given: Any) -> None:
        self.settings = Settings(**{"data_dir": folder, "operator_token": TOKEN, "show_machinery": False, **given})
        self.gate = threading.Event()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server
        self._thread: threading.Thread
        self.start()

    def start(self) -> None:
        """Serve."""
        product = scripted_product(self.settings, ToldBackend("local", self.gate), ToldBackend("cloud", self.gate))
        self.app = create_app(product)
        config = uvicorn.Config(self.app, port=self.port, log_level="error", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            threading.Event().wait(0.02)

    def stop(self) -> None:
        """End as a stopped process does."""
        self._server.should_exit = True
        self._thread.join(30)

    def restart(self) -> None:
        """End, and serve anew."""
        self.stop()
        self.start()


@contextmanager
def served(folder: Path, **given: Any) -> Iterator[Desk]:
    """A desk over this folder, for as long as the block lasts."""
    desk = Desk(folder, **given)
    try:
        yield desk
    finally:
        desk.stop()
