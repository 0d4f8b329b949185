"""`firstline serve`: take the port, open the product, say where it is, and run until stopped."""

import asyncio
import socket
import webbrowser
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from types import FrameType
from urllib.parse import quote

import typer
import uvicorn

from chatapp import __version__
from chatapp.addresses.shown import shown_url
from chatapp.fences import FenceReport
from chatapp.listener import listen, url
from chatapp.settings import Settings
from router.types import Mode

CLOSE_WITHIN_S = 3
"""How long connections may take to close once no answer runs on them, in seconds."""


def serve(settings: Settings, fences: FenceReport | None, *, open_browser: bool) -> None:
    """Run the server until it is stopped.

    Raises PortError before a model is loaded, and what `build_server_product` and `create_app` raise.
    """
    with listen(settings.host, settings.port) as listener:
        from chatapp.assembly.product import build_server_product  # loads every library, which takes seconds
        from chatapp.main import create_app

        address = url(listener) + "".join(f"{part}/" for part in settings.root_path.split("/") if part)
        product = build_server_product(settings, fences)
        app = create_app(product)
        lines = list(start_lines(settings, fences, address, app.state.operator_token))
        if open_browser and settings.mode is Mode.LOCAL_ONLY:
            lines.append("--open is left out: local-only mode starts no programs.")

        def announce() -> None:
            typer.echo("\n".join(lines))
            if open_browser and settings.mode is not Mode.LOCAL_ONLY:
                webbrowser.open(address)

        config = uvicorn.Config(
            app,
            loop="asyncio" if settings.mode is Mode.LOCAL_ONLY else "auto",
            log_level="warning",
            access_log=False,  # the operator's first address has the token in it
            proxy_headers=False,  # `Forwarded` reads them, whatever FORWARDED_ALLOW_IPS says
            timeout_graceful_shutdown=CLOSE_WITHIN_S,
        )
        drain = partial(product.runner.aclose, settings.grace_s)
        AnnouncingServer(config, announce, drain).run(sockets=[listener])


class AnnouncingServer(uvicorn.Server):
    """Calls `announce` once it answers, and awaits `drain` before it ends.

    Uvicorn first closes every socket and then tells the application: too late for an answer that is on its way. So
    that comes to its end before, while sockets are open. A second signal ends at once.
    """

    def __init__(
        self, config: uvicorn.Config, announce: Callable[[], None], drain: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._announce, self._drain = announce, drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what runs come to its end, and then close."""
        draining = asyncio.ensure_future(self._drain())
        while not draining.done() and not self.force_exit:
            await asyncio.wait([draining], timeout=0.1)
        draining.cancel()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends the server in good order, a second one, whichever it is, at once."""
        if self.should_exit:
            self.force_exit = True
        super().handle_exit(sig, frame)


def start_lines(settings: Settings, fences: FenceReport | None, address: str, token: str) -> Iterator[str]:
    """What the operator reads at the start. A token that was set is theirs to know: a log keeps what is printed."""
    yield f"Firstline {__version__} answers at {address} (Ctrl-C stops it)"
    yield f"mode: {settings.mode.value}"
    if fences:
        yield from (f"  {line}" for line in fences.lines)
    if settings.local_servers:
        yield f"{settings.local_server_model!r} answers locally, at {', '.join(map(shown_url, settings.local_servers))}"
    if settings.show_machinery:
        yield "everybody sees how an answer was made; FIRSTLINE_SHOW_MACHINERY=false keeps that to the operator"
    if settings.operator_token.get_secret_value().strip():
        yield f"operator page: {address}ops (opens with FIRSTLINE_OPERATOR_TOKEN)"
    else:
        yield f"operator page: {address}ops?token={quote(token, safe='')}"
