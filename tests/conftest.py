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

import pytest
from filelock import FileLock
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

FIRST_START_S = 900
"""Within which a first start must be done: a minute on two idle cores, and a busy machine is slow, not wrong."""
LOOPBACK = ("127.", "::1", "localhost")
SLOW_ROOMS = ("finetune", "e2e", "cli", "fences", "router")
"""Rooms whose files take longest; they go first, so that no worker is left alone with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow rooms first; within a room the order stays."""
    rank = {room: place for place, room in enumerate(SLOW_ROOMS)}
    items.sort(key=lambda item: min((rank[part] for part in item.path.parts if part in rank), default=len(rank)))


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


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the developer's FIRSTLINE_ variables out of the environment."""
    for name in [name for name in os.environ if name.startswith("FIRSTLINE_")]:
        monkeypatch.delenv(name)
