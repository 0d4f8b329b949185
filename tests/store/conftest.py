"""A store on a fresh SQLite file, and a PostgreSQL server of our own where its programs are installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatapp.store import CallRecord, Store, Turn
from router.types import Decision, Mode, Route, ScoredFact

USER = "ann"
DECISION = Decision(
    route=Route.LOCAL,
    mode=Mode.HYBRID,
    category="shipping",
    confidence=0.9,
    in_scope=0.8,
    threshold=0.5,
    fact_threshold=0.3,
    facts=(ScoredFact("shipping.cost", "Shipping is free.", 0.6),),
    neighbours=(),
    reasons=(),
    policy="p",
    candidates=(ScoredFact("shipping.cost", "Shipping is free.", 0.6), ScoredFact("shipping.eu", "Yes.", 0.1)),
    no_fact=0.2,
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'firstline.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as store:
        store.conversations.ensure_user(USER)
        yield store


@pytest.fixture
def talk(store: Store) -> str:
    """The id of an empty conversation of USER."""
    return store.conversations.create(USER).id


def answer(store: Store, turn: Turn, text: str = "An answer.", status: str = "done", **more: object) -> Turn:
    """Finishes the turn, on the local route unless told."""
    return store.turns.finish(turn.id, status, text, **{"route": "local", "total_ms": 100.0, **more})


def exchange(store: Store, conversation: str, question: str = "A question?", **more: object) -> Turn:
    """One whole turn."""
    return answer(store, store.turns.begin(conversation, question), **more)


def call(turn: Turn, **more: object) -> CallRecord:
    """A local answer of 100 tokens in and 21 out for 5 micro-dollars: 20 tokens in 200 ms after the first."""
    given = {
        "purpose": "answer",
        "route": "local",
        "model": "m",
        "input_tokens": 100,
        "output_tokens": 21,
        "cost_microusd": 5,
        "total_ms": 250.0,
        "outcome": "ok",
        "ttft_ms": 50.0,
    }
    return CallRecord(turn_id=turn.id, conversation_id=turn.conversation_id, **{**given, **more})


class Server:
    """A PostgreSQL server in a folder of its own, on loopback, ended by `stop`. Passwords are asked for."""

    PASSWORD = "right"

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        # PostgreSQL refuses to run as root.
        self._as = {"user": "postgres"} if os.getuid() == 0 else {}
        if self._as:
            shutil.chown(folder, "postgres")
        secret = folder / "secret"
        secret.write_text(self.PASSWORD)
        secret.chmod(0o644)
        self.do("initdb", "-D", str(folder / "data"), "-U", "app", "--auth=scram-sha-256", f"--pwfile={secret}")
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c fsync=off"
        log = str(self.folder / "log")
        self.do("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", options, "start")

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql+psycopg://app:{password}@127.0.0.1:{self.port}/{database}"

    def sql(self, script: str, database: str = "postgres") -> str:
        """What psql prints for the script, bare rows; the script stops at its first error."""
        where = f"postgresql://app:{self.PASSWORD}@127.0.0.1:{self.port}/{database}"
        return self.do("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", where, script=script)

    def stop(self) -> None:
        self.do("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def do(self, program: str, *arguments: str, script: str = "") -> str:
        found = _program(program)
        assert found, f"{program} is missing"
        done = subprocess.run(
            [found, *arguments],
            input=script,
            cwd=self.folder,
            text=True,
            check=False,
            timeout=60,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **self._as,
        )
        assert done.returncode == 0, f"{program} failed: {done.stdout}"
        return done.stdout


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if not _program("initdb"):
        pytest.skip("no PostgreSQL server programs here")
    folder = Path(tempfile.mkdtemp(prefix="firstline-pg-"))
    server = Server(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


def _program(name: str) -> str | None:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return shutil.which(name) or next((str(place / name) for place in places if (place / name).exists()), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
