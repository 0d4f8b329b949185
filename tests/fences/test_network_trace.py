"""No command of the program tries anything but this machine, in either mode: by the kernel's account of its calls.

The models are tiny ones: what a command calls is asked here, and not what it says.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench.client import Client, say
from tests.fences.recipes import RECIPES, SAYS_NO, commands, small_home
from tests.fences.tracing import can_trace, outside, traced
from tests.tiny_encoder import write_tiny_encoder
from tests.tiny_model import write_tiny_model

ROOT = Path(__file__).parents[2]
WITHIN_S = 900
MODES = ["hybrid", "local-only"]


class Cloud(BaseHTTPRequestHandler):
    """An OpenAI-compatible server on loopback that answers everything with two words."""

    def do_GET(self) -> None:
        self._answer("application/json", json.dumps({"object": "list", "data": [{"id": "big", "object": "model"}]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = {"role": "assistant", "content": "I am Pip."}
        whole = {"id": "1", "created": 1, "model": "big", "object": "chat.completion"}
        if not body.get("stream"):
            return self._answer("application/json", json.dumps(whole | {"choices": [_choice("message", said)]}))
        chunk = json.dumps(whole | {"object": "chat.completion.chunk", "choices": [_choice("delta", said)]})
        return self._answer("text/event-stream", f"data: {chunk}\n\ndata: [DONE]\n\n")

    def _answer(self, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Silent."""


def _choice(name: str, said: dict[str, str]) -> dict[str, object]:
    return {"index": 0, name: said, "finish_reason": "stop"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cloud)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


class Walk:
    """One mode's home: a new user with nothing in it, whom no variable asks to be quiet."""

    def __init__(self, folder: Path, mode: str, cloud: str) -> None:
        self.mode, self.home = mode, small_home(folder)
        encoder = write_tiny_encoder(folder / "tiny-encoder")
        with (self.home / "pip" / "pack.toml").open("a", encoding="utf-8") as toml:
            toml.write(f'\n[models]\nencoder = "{encoder}"\n')
        self.user = folder / "user"
        self.user.mkdir()
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
        self.environment = kept | {
            "HOME": str(self.user),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
            "OMP_NUM_THREADS": "1",  # threads that wake each other are calls too, and each is looked at
            "FIRSTLINE_MODE": mode,
            "FIRSTLINE_LOCAL_MODEL": str(write_tiny_model(folder / "tiny.gguf")),
            "FIRSTLINE_LOCAL_THREADS": "1",
            "FIRSTLINE_DATA_DIR": str(folder / "data"),
            "FIRSTLINE_PACK": str(self.home / "pip"),
            "FIRSTLINE_LOCAL_MAX_TOKENS": "16",
            "FIRSTLINE_CLOUD_BASE_URL": cloud,
            "FIRSTLINE_CLOUD_API_KEY": "sk-loopback",
        }

    def command(self, name: str, *command: str) -> list[str]:
        """A Python program, traced to the file of this name."""
        return [*traced(self.trace(name), fenced=self.mode == "local-only"), sys.executable, *command]

    def trace(self, name: str) -> Path:
        """Where its calls are written."""
        return self.home / f"{name}.trace"


@pytest.fixture(scope="module", params=MODES)
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, cloud: str) -> Walk:
    if not can_trace():
        assert not os.environ.get("CI"), "CI must have strace"
        pytest.skip("no strace on this machine; Debian: apt-get install strace")
    return Walk(tmp_path_factory.mktemp(request.param), request.param, cloud)


def test_every_command_has_a_recipe() -> None:
    assert set(commands()) == set(RECIPES)


@pytest.mark.real
def test_no_command_reaches_beyond_this_machine(walk: Walk) -> None:
    done = subprocess.run(
        walk.command("walk", "-m", "tests.fences.walker", str(walk.home)),
        cwd=ROOT,
        env=walk.environment,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ended = json.loads(done.stdout)
    assert set(ended) == set(RECIPES) - {"serve"}
    assert {name: code for name, (code, *_) in ended.items() if code} == SAYS_NO, ended
    assert outside(walk.trace("walk")) == []


@pytest.mark.real
def test_the_server_and_what_it_is_asked_stay_here(walk: Walk) -> None:
    command = walk.command("serve", "-m", "chatapp.cli", "serve", "--port", "0")
    with subprocess.Popen(
        command, cwd=ROOT, env=walk.environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        try:
            assert server.stdout
            found = re.search(r"http://[^ ]+[0-9]", server.stdout.readline())
            assert found
            assert asyncio.run(_ask(found[0]))["type"] == "finished"
        finally:
            os.killpg(server.pid, signal.SIGINT)
    assert outside(walk.trace("serve")) == []


async def _ask(url: str) -> dict[str, object]:
    client = Client(url)
    async with client.socket(client.create()) as chat:
        end = (await say(chat, "Who are you?"))[-1]
    client.close()
    return end


@pytest.mark.real
def test_nothing_is_kept_for_a_later_report(walk: Walk) -> None:
    """A queue of events that waits for a connection is a report too."""
    kept = [path.relative_to(walk.user).as_posix() for path in walk.user.rglob("*") if path.is_file()]
    assert [path for path in kept if "matplotlib" not in path] == []
