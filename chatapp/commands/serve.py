"""`firstline serve`: take the port, build the application, say where it is, and run until stopped."""

import socket
import webbrowser
from collections.abc import Callable, Iterator
from urllib.parse import quote

import typer
import uvicorn

from chatapp import __version__
from chatapp.commands.listener import listen, url
from chatapp.fences import FenceReport
from chatapp.settings import Settings
from router.types import Mode

GRACE_S = 10
"""How long open connections may take to end after a stop, in seconds."""


def serve(settings: Settings, fences: FenceReport | None, *, open_browser: bool) -> None:
    """Run the server until it is stopped.

    Raises PortError before a model is loaded, and what `create_app` raises.
    """
    with listen(settings.host, settings.port) as listener:
        from chatapp.main import create_app  # loads every library, which takes seconds

        address = url(listener) + "".join(f"{part}/" for part in settings.root_path.split("/") if part)
        app = create_app(settings, fences)
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
            proxy_headers=False,  # `Forwarded` reads them, whatever FORWARDED_ALLOW_IPS says
            timeout_graceful_shutdown=GRACE_S,
        )
        AnnouncingServer(config, announce).run(sockets=[listener])


class AnnouncingServer(uvicorn.Server):
    """Calls `announce` once it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._announce()


def start_lines(settings: Settings, fences: FenceReport | None, address: str, token: str) -> Iterator[str]:
    """What the operator reads at the start."""
    yield f"Firstline {__version__} answers at {address} (Ctrl-C stops it)"
    yield f"mode: {settings.mode.value}"
    if fences:
        yield from (f"  {line}" for line in fences.lines)
    if settings.show_machinery:
        yield "everybody sees how an answer was made; FIRSTLINE_SHOW_MACHINERY=false keeps that to the operator"
    yield f"operator page: {address}ops?token={quote(token, safe='')}"
