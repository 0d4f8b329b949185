"""A PostgreSQL server of our own on loopback, that can be stopped and started while the product runs."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import free_port

PASSWORD = "right"  # noqa: S105 - of a server that lives for a minute


def program(name: str) -> str | None:
    """Where a program of PostgreSQL's server is, or None."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name) or next((str(place / name) for place in places if (place / name).exists()), None)


class Postgres:
    """One server; `down` ends its connections at once, as a failing machine does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"postgresql+psycopg://app:{PASSWORD}@127.0.0.1:{self.port}/postgres"
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        self._user = "postgres" if os.getuid() == 0 else None  # PostgreSQL refuses to run as root
        if self._user:
            shutil.chown(folder, self._user)
            shutil.chown(secret, self._user)
        self._do("initdb", "-U", "app", "--auth=scram-sha-256", f"--pwfile={secret}")

    def up(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder}"
        self._do("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def down(self) -> None:
        """Stop it at once."""
        self._do("pg_ctl", "-w", "-m", "immediate", "stop")

    def _do(self, name: str, *arguments: str) -> None:
        command = [program(name) or name, "-D", str(self.folder / "data"), *arguments]
        with (self.folder / "output").open("ab") as output:
            subprocess.run(
                command, check=True, cwd=self.folder, stdout=output, stderr=output, timeout=60, user=self._user
            )


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that is up."""
    folder = Path(tempfile.mkdtemp(prefix="firstline-pg-"))
    server = Postgres(folder)
    server.up()
    try:
        yield server
    finally:
        server.down()
        shutil.rmtree(folder)
