"""`firstline servers`: the servers that answer locally, and which of them the pool leaves out."""

import asyncio

import typer

from chatapp.addresses.shown import shown_url
from chatapp.backends.cloud.backend import ServerBackend
from chatapp.backends.cloud.server import ModelServer, local_servers
from chatapp.backends.pool.drained import Drained
from chatapp.backends.pool.health import Health, health
from chatapp.errors import SettingError
from chatapp.settings import Settings


def servers(settings: Settings, *, drain: str | None, resume: str | None) -> None:
    """Take a server out or put it back, and print the state of each.

    Running processes of this data folder follow with their next call. Raises SettingError for a server that is not set.
    """
    drained = Drained(settings.make_data_dir())
    if drain:
        drained.add(_known(settings, drain))
    if resume:
        drained.remove(_known(settings, resume))
    every = local_servers(settings)
    if not every:
        typer.echo("The model in this process answers locally; FIRSTLINE_LOCAL_BASE_URL puts servers in its place.")
    for server, found in zip(every, asyncio.run(_healths(every)), strict=True):
        out = ", taken out" if server.base_url in drained else ""
        typer.echo(f"{shown_url(server.base_url)}  {found.state}{out}{f' ({found.why})' if found.why else ''}")


def _known(settings: Settings, url: str) -> str:
    """The server of the settings that is meant: by its whole base URL, or as it is shown."""
    for known in settings.local_servers:
        if url.rstrip("/") in (known, shown_url(known)):
            return known
    listed = ", ".join(map(shown_url, settings.local_servers)) or "no server"
    raise SettingError(
        f"{shown_url(url)!r} is not a server of FIRSTLINE_LOCAL_BASE_URL.", f"It names {listed}; give one as it stands."
    )


async def _healths(every: tuple[ModelServer, ...]) -> list[Health]:
    backends = [ServerBackend(server) for server in every]
    try:
        return await asyncio.gather(*map(health, backends))
    finally:
        for backend in backends:
            await backend.aclose()
