"""`firstline serve`, mostly with a small application in the real one's place."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import types
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from chatapp.errors import PortError
from chatapp.listener import listen, url
from chatapp.settings import Settings

Environment = dict[str, str]

STAND_IN = """
import asyncio, sys, types

def build_server_product(settings, fences):
    runner = types.SimpleNamespace(aclose=asyncio.sleep)
    return types.SimpleNamespace(fences=fences, runner=runner)

def create_app(product):
    from fastapi import FastAPI
    app, fences = FastAPI(), product.fences
    app.state.operator_token = "to ken"

    @app.get("/try")
    async def outside():
        try: await asyncio.open_connection("203.0.113.1", 80)
        except Exception as error: refused = type(error).__name__
        return {"refused": refused, "loop": type(asyncio.get_running_loop()).__module__, "fences": bool(fences)}

    return app

for name, stand_in in ("chatapp.main", create_app), ("chatapp.assembly.product", build_server_product):
    sys.modules[name] = types.ModuleType(name)
    setattr(sys.modules[name], stand_in.__name__, stand_in)
from chatapp import cli
sys.argv[0] = "firstline"
cli.main()
"""


@pytest.fixture(autouse=True, scope="module")
def _heed_interrupts() -> None:
    """A shell starts what it puts in the background deaf to them, and what that starts inherits it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def serving(environment: Environment, *arguments: str, real: bool = False) -> Iterator[tuple[str, list[str], int]]:
    """The server's address and its start lines; it is interrupted at the end, and must end quietly with 130."""
    command = [sys.executable, "-m", "chatapp.cli"] if real else [sys.executable, "-c", STAND_IN]
    with subprocess.Popen(
        [*command, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            assert process.stdout
            lines = [process.stdout.readline().rstrip()]
            while lines[-1] and not lines[-1].startswith("operator page"):
                lines.append(process.stdout.readline().rstrip())
            found = re.search(r"http://\S+", lines[0])
            assert found, (lines, process.stderr and process.stderr.read())
            yield found[0], lines, process.pid
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=30)
            assert (process.returncode, stderr) == (130, "")
        finally:
            process.kill()


def get(address: str) -> dict[str, object]:
    with urllib.request.urlopen(address, timeout=30) as response:
        return dict(json.load(response))


def test_local_only_says_which_fences_stand_and_refuses_inside_the_server(environment: Environment) -> None:
    environment["FIRSTLINE_MODE"] = "local-only"
    with serving(environment, "--open") as (address, lines, pid):
        if any(line.startswith("  seccomp: up") for line in lines):
            status = Path(f"/proc/{pid}/status").read_text()
            assert "NoNewPrivs:\t1\n" in status
            assert "Seccomp:\t2\n" in status
        assert get(f"{address}try") == {
            "refused": "FenceError",
            "loop": "asyncio.unix_events" if sys.platform != "win32" else "asyncio.windows_events",
            "fences": True,
        }
    assert lines[1] == "mode: local-only"
    assert lines[2].startswith("  audit hook: up")
    assert lines[-1] == f"operator page: {address}ops?token=to%20ken"


def test_hybrid_raises_no_fences(environment: Environment) -> None:
    with serving(environment) as (_, lines, _):
        assert len(lines) == 3
    assert lines[0].startswith("Firstline 0.1.0 answers at http://127.0.0.1:")
    assert lines[1] == "mode: hybrid"


def test_all_addresses_may_be_listened_on_in_local_only_mode(environment: Environment) -> None:
    environment["FIRSTLINE_MODE"] = "local-only"
    with serving(environment, "--host", "0.0.0.0") as (address, _, _):
        assert address.startswith("http://127.0.0.1:")
        assert get(f"{address}try")["fences"]


def test_a_host_given_by_name_is_refused_in_local_only_mode(environment: Environment) -> None:
    environment["FIRSTLINE_MODE"] = "local-only"
    done = subprocess.run(
        [sys.executable, "-m", "chatapp.cli", "serve", "--host", "chat.example"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "firstline: Refused by local-only mode: bind to the name 'chat.example'.\n"
        "In local-only mode give FIRSTLINE_HOST as a numeric address.\n"
    )


def test_a_free_port_and_its_address() -> None:
    with listen("127.0.0.1", 0) as listener:
        number = listener.getsockname()[1]
        assert url(listener) == f"http://127.0.0.1:{number}/"
    with listen("::", 0) as listener:
        assert re.fullmatch(r"http://\[::1\]:\d+/", url(listener))


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("203.0.113.9", "Give an address of this machine"),
        ("no such host", "Check FIRSTLINE_HOST"),
    ],
)
def test_an_address_that_is_not_ours(host: str, said: str) -> None:
    with pytest.raises(PortError) as caught:
        listen(host, 0)
    assert repr(host) in caught.value.what
    assert said in caught.value.hint


def test_a_port_that_is_taken() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    with taken, pytest.raises(PortError, match="Address already in use") as caught:
        listen("127.0.0.1", taken.getsockname()[1])
    assert "--port 0" in caught.value.hint


class Server:
    """Stands in for uvicorn's: starts, announces, ends."""

    def __init__(self, config: object, announce: Callable[[], None], drain: object) -> None:
        self.config, self.announce = config, announce

    def run(self, sockets: list[socket.socket]) -> None:
        self.announce()


def test_a_browser_is_opened_where_asked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from fastapi import FastAPI

    from chatapp.commands import serve as module

    def application(*_: object) -> FastAPI:
        app = FastAPI()
        app.state.operator_token = "token"
        return app

    opened: list[str] = []
    runner = types.SimpleNamespace(aclose=asyncio.sleep)
    stand_ins = {
        "chatapp.main": ("create_app", application),
        "chatapp.assembly.product": (
            "build_server_product",
            lambda *_: types.SimpleNamespace(runner=runner),
        ),
    }
    for name, (attribute, made) in stand_ins.items():
        stand_in = types.ModuleType(name)
        stand_in.__dict__[attribute] = made
        monkeypatch.setitem(sys.modules, name, stand_in)
    monkeypatch.setattr(module, "AnnouncingServer", Server)
    monkeypatch.setattr("webbrowser.open", opened.append)
    module.serve(settings, None, open_browser=False)
    assert opened == []
    module.serve(settings, None, open_browser=True)
    assert opened[0].startswith("http://127.0.0.1:")
    assert f"operator page: {opened[0]}ops?token=token" in capsys.readouterr().out


def test_a_token_that_was_set_is_not_printed(settings: Settings) -> None:
    from chatapp.commands.serve import start_lines

    chosen = settings.model_copy(update={"operator_token": SecretStr("chosen-by-hand")})
    lines = list(start_lines(chosen, None, "http://127.0.0.1:8000/", "chosen-by-hand"))
    assert lines[-1] == "operator page: http://127.0.0.1:8000/ops (opens with FIRSTLINE_OPERATOR_TOKEN)"
    assert not any("chosen-by-hand" in line for line in lines)


@pytest.mark.real
def test_the_real_server_behind_the_fences(environment: Environment, warm_folder: str, tmp_path: Path) -> None:
    environment |= {"FIRSTLINE_MODE": "local-only", "FIRSTLINE_DATA_DIR": warm_folder}
    environment["FIRSTLINE_SHOW_MACHINERY"] = "true"
    environment["FIRSTLINE_DATABASE_URL"] = f"sqlite:///{tmp_path / 'firstline.db'}"
    with serving(environment, real=True) as (address, _, _):
        health = get(f"{address}healthz")
    assert health["status"] == "ok"
    fences = health["fences"]
    assert isinstance(fences, dict)
    assert fences["audit_hook"] is True
    assert fences["refused_by_audit_hook"] == 0
