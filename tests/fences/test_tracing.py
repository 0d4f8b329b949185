"""The tracer sees what it is there to see: a call of a thread, of a child, and one that a fence refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fences.tracing import can_trace, outside, traced

DATAGRAM = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 17)"
PROGRAMS = {
    "itself": DATAGRAM,
    "a thread": f"import threading; t = threading.Thread(target=exec, args=({DATAGRAM!r},)); t.start(); t.join()",
    "a child": f"import subprocess, sys; subprocess.run([sys.executable, '-c', {DATAGRAM!r}])",
}
BELOW_PYTHON = "import ctypes; from chatapp.fences import raise_fences; raise_fences([]); "
"""The kernel's fence alone is left to refuse what is called so."""


@pytest.fixture(autouse=True)
def _tracer() -> None:
    if not can_trace():
        assert not os.environ.get("CI"), "CI must have strace"
        pytest.skip("no strace on this machine; Debian: apt-get install strace")


def seen(folder: Path, code: str, *, fenced: bool) -> list[str]:
    """The calls of this code that would leave the machine."""
    trace = folder / "trace"
    root = str(Path(__file__).parents[2])
    command = [*traced(trace, fenced=fenced), sys.executable, "-c", code]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": root}, check=True, capture_output=True, timeout=120)
    return outside(trace)


@pytest.mark.parametrize("fenced", [False, True])
@pytest.mark.parametrize("who", PROGRAMS)
def test_what_would_leave_is_seen_whoever_calls(tmp_path: Path, who: str, fenced: bool) -> None:
    (line,) = seen(tmp_path, PROGRAMS[who], fenced=fenced)
    assert "SOCK_DGRAM" in line


def test_what_a_fence_refuses_is_seen(tmp_path: Path) -> None:
    calls = seen(tmp_path, BELOW_PYTHON + "ctypes.CDLL(None).socket(2, 2, 17)", fenced=True)
    assert any("SOCK_DGRAM" in line for line in calls)


def test_what_stays_here_is_not_counted(tmp_path: Path) -> None:
    here = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname())"
    assert seen(tmp_path, here, fenced=False) == []
