"""Switches for all tests: no connection leaves this machine, no setting of the developer's leaks in, none is timed."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Two workers share two cores. An OpenMP thread that spins while it waits would take its neighbour's core: a token would
# take seconds. Set before any library loads, and inherited by every process that a test starts.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# No server reads its texts ahead, which is half a minute of both cores at each start, unless a test is about that.
os.environ[READ_AHEAD := "FIRSTLINE_LOCAL_READ_AHEAD"] = "false"

import pytest
from filelock import FileLock
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

FIRST_START_S = 900
"""Within which a first start must be done: a minute on two idle cores, and a busy machine is slow, not wrong."""
LOOPBACK = ("127.", "::1", "localhost")
SLOW = ("test_network_trace", "e2e", "finetune", "cli", "router")
"""Files and rooms that take longest; they go first, so that no worker is left alone with one at the end. The very first
needs no data folder: while one worker makes it, the other traces.
"""
REAL = frozenset({"data_dir", "base", "gguf", "local", "real_server", "server", "browser"})
"""Fixtures that give a shipped model, a real server or a real browser: what uses one is marked `real`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is slow first, within it the order stays; and who uses what is real is marked."""
    for item in items:
        if REAL.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.real)
    rank = {name: place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: min((rank[p] for p in (*item.path.parts, item.path.stem) if p in rank), default=9))


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse every connection but loopback and Unix sockets, in this process."""
    patch = pytest.MonkeyPatch()
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise RuntimeError(f"a test tried to reach {address!r}")
        connect(self, address)  # type: ignore[arg-type]

    patch.setattr(socket.socket, "connect", guarded)
    patch.setenv("HF_HUB_OFFLINE", "1")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The data folder of all real tests: a first start has exported the encoder and trained the router in it.

    One worker makes it, the others copy it: what a test leaves there is seen by its own worker alone. A developer who
    runs a few tests again and again names the folder of an earlier start in TEST_DATA_DIR.
    """
    if kept := os.environ.get("TEST_DATA_DIR"):
        return Path(kept)
    base = tmp_path_factory.getbasetemp()
    made = (base if worker_id == "master" else base.parent) / "first-start"
    with FileLock(f"{made}.lock"):
        if not made.exists():
            _first_start(made)
    own = tmp_path_factory.mktemp("data", numbered=False)
    shutil.copytree(made, own, dirs_exist_ok=True)
    return own


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file that is fine-tuned, quantised and released in seconds."""
    from tests.tiny_model import write_tiny_model

    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


def _first_start(folder: Path) -> None:
    """A real one, in a folder that takes its name only once all of it is there."""
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
    environment["FIRSTLINE_DATA_DIR"] = str(unfinished)
    command = [sys.executable, "-m", "chatapp.cli", "route", "do you ship to Canada?"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=FIRST_START_S, check=False)
    assert done.returncode == 0, done.stderr
    assert "Exporting the encoder" in done.stderr
    assert "Training the router" in done.stderr
    unfinished.rename(folder)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model with random weights, to export and to tune. What a test changes, it copies."""
    from tests.tiny_encoder import write_tiny_encoder

    return write_tiny_encoder(tmp_path_factory.mktemp("tiny") / "tiny-encoder")


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the developer's FIRSTLINE_ variables out of the environment."""
    for name in [name for name in os.environ if name.startswith("FIRSTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(READ_AHEAD, "false")
