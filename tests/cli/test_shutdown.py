"""`firstline serve` is stopped amid an answer, as a whole process: it ends in time, and its reader stopped nothing.

The application is the real one; the models are scripted, and say a word every tenth of a second.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

Environment = dict[str, str]
CLOUD = {"FIRSTLINE_CLOUD_API_KEY": "sk-x"}

SERVER = """
import sys
from types import SimpleNamespace
from chatapp import cli
from chatapp.assembly import product
from chatapp.backends.scripted import ScriptedBackend
from router.pack.load import load_pack
from router.router import Router
from router.types import Decision, Mode, Route

class Told:
    pack = load_pack("packs/pip")
    policy = SimpleNamespace(version="p", thresholds={}, fact_threshold=0.3, answer_threshold=0)
    danger = None
    def titles(self, _):
        return ()
    def decide(self, *_, **__):
        return Decision(Route.CLOUD, Mode.HYBRID, "x", 0.9, 0.1, 0.5, 0.3, (), (), (), "p")

words = " ".join("".join(pair) for pair in zip("abcdefghijklmnopqrstuvwxyz", "mnopqrstuvwxyzabcdefghijkl"))
product.open_router = lambda _: Told()
product.Server = lambda *_: SimpleNamespace(now=lambda: SimpleNamespace(router=Told(), form="", adapter=None))
product.CloudBackend = lambda *_: ScriptedBackend(lambda _: words, "cloud", 0.1)
product.LocalBackend = lambda _: SimpleNamespace(
    load=lambda: None, count_tokens=lambda _: 1, name="local", model="m", aclose=lambda: __import__("asyncio").sleep(0))
sys.argv[0] = "firstline"
cli.main()
"""


@dataclass
class Running:
    """A server amid an answer, and a window on it."""

    process: "subprocess.Popen[str]"
    url: str
    socket: ClientConnection
    database: Path

    def status(self) -> tuple[str, str]:
        """Status and answer of the one turn, as stored."""
        with sqlite3.connect(self.database) as database:
            rows = database.execute(
                "SELECT status, coalesce(content, '') FROM turn LEFT JOIN message ON turn_id = turn.id "
                "AND role = 'assistant'"
            ).fetchall()
        database.close()
        (row,) = rows
        return row[0], row[1]


@contextmanager
def amid_an_answer(environment: Environment, folder: Path, **variables: str) -> Iterator[Running]:
    environment = environment | CLOUD | variables
    command = [sys.executable, "-c", SERVER, "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout
            first = process.stdout.readline()
            assert "answers at" in first, process.communicate()[1]
            url = first.split("answers at ")[1].split()[0].rstrip("/")
            made = httpx.post(f"{url}/api/conversations")
            cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in made.cookies.items())}
            address = f"{url.replace('http', 'ws')}/ws/chat/{made.json()['id']}"
            with connect(address, subprotocols=["firstline.v1.json"], additional_headers=cookie) as socket:
                socket.send(json.dumps({"text": "tell me the alphabet"}))
                while json.loads(socket.recv(20))["type"] != "delta":
                    pass
                yield Running(process, url, socket, folder / "firstline.db")
        finally:
            process.kill()


@pytest.fixture(autouse=True, scope="module")
def _heed_interrupts() -> None:
    """A shell starts what it puts in the background deaf to them, and what that starts inherits it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def command(environment: Environment, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", SERVER, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment | CLOUD,
        timeout=60,
    )


def read_to_the_end(running: Running) -> dict[str, object]:
    while (told := json.loads(running.socket.recv(20)))["type"] not in ("finished", "failed") or not told["turn_id"]:
        pass
    return dict(told)


def test_an_answer_comes_to_its_end_while_nothing_new_is_taken(environment: Environment, tmp_path: Path) -> None:
    with amid_an_answer(environment, tmp_path) as running:
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.4)
        health = httpx.get(f"{running.url}/healthz")
        assert (health.status_code, health.json()["status"]) == (503, "closing")
        running.socket.send(json.dumps({"text": "and this?"}))
        while (told := json.loads(running.socket.recv(20)))["type"] == "delta":
            pass
        assert told["code"] == "closing"
        assert read_to_the_end(running)["type"] == "finished"
        running.process.wait(20)
        assert running.status()[0] == "done"


def test_what_takes_longer_is_interrupted_and_told_before_the_socket_closes(
    environment: Environment, tmp_path: Path
) -> None:
    with amid_an_answer(environment, tmp_path, FIRSTLINE_GRACE_S="0.3") as running:
        running.process.send_signal(signal.SIGTERM)
        assert read_to_the_end(running)["code"] == "interrupted"
        running.process.wait(20)
        status, words = running.status()
        assert status == "interrupted"
        assert words.startswith("am bn")


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(environment: Environment, tmp_path: Path, second: int) -> None:
    with amid_an_answer(environment, tmp_path, FIRSTLINE_GRACE_S="60") as running:
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        began = time.monotonic()
        running.process.send_signal(second)
        running.process.wait(20)
        assert time.monotonic() - began < 5
        assert running.status()[0] in ("interrupted", "running")


def test_a_second_server_on_the_same_folder_is_refused_and_harms_nothing(
    environment: Environment, tmp_path: Path
) -> None:
    with amid_an_answer(environment, tmp_path) as running:
        second = command(environment, "serve", "--port", "0")
        assert second.returncode == 2
        assert "serves the database" in second.stderr
        assert "Traceback" not in second.stderr
        beside = command(environment, "ask", "tell me the alphabet", "--json")
        assert beside.returncode == 0, beside.stderr
        assert read_to_the_end(running)["type"] == "finished"


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_what_a_killed_server_left_is_interrupted_at_the_next_start(environment: Environment, tmp_path: Path) -> None:
    with amid_an_answer(environment, tmp_path) as running:
        time.sleep(1.3)
        running.process.send_signal(signal.SIGKILL)
        running.process.wait(20)
        assert running.status()[0] == "running"
        again = [sys.executable, "-c", SERVER, "serve", "--port", "0"]
        next_one = subprocess.Popen(again, stdout=subprocess.PIPE, text=True, env=environment | CLOUD)
        try:
            assert next_one.stdout
            assert "answers at" in next_one.stdout.readline()
            status, words = running.status()
            assert (status, words[:5]) == ("interrupted", "am bn")
        finally:
            next_one.kill()
            next_one.communicate()
