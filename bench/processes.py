"""The product and a real OpenAI-compatible server as processes on loopback, for benchmarks and end-to-end tests."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localmodel.model_file import shipped_model

OPERATOR_TOKEN = "operator-token-of-a-test"  # noqa: S105 - of processes that live for a minute
READY_WITHIN_S = 600
"""The very first start exports an encoder and trains a router: a minute or two, more on a busy machine."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its address, its process id, and the seconds until it was ready."""

    url: str
    pid: int
    started_s: float
    log: Path


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def cloud_server(context_tokens: int = 2048, threads: int = 1) -> Iterator[Served]:
    """`python -m llama_cpp.server` with the shipped model, which plays the cloud."""
    port = free_port()
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(shipped_model()), "--port", str(port)]
    command += [
        "--interrupt_requests",
        "False",
        "--logits_all",
        "False",
        "--n_ctx",
        str(context_tokens),
        "--n_threads",
        str(threads),
    ]
    with running(command, {}, f"http://127.0.0.1:{port}/v1/models") as served:
        yield Served(f"http://127.0.0.1:{port}/v1", served.pid, served.started_s, served.log)


@contextmanager
def local_server(adapter: Path, threads: int, context_tokens: int = 2048) -> Iterator[Served]:
    """`python -m llama_cpp.server` with the shipped model and an adapter over it: a peer of the local engine."""
    port = free_port()
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(shipped_model()), "--port", str(port)]
    command += ["--lora_path", str(adapter), "--interrupt_requests", "False", "--logits_all", "False"]
    command += ["--n_ctx", str(context_tokens), "--n_threads", str(threads), "--n_threads_batch", str(threads)]
    with running(command, {}, f"http://127.0.0.1:{port}/v1/models") as served:
        yield Served(f"http://127.0.0.1:{port}/v1", served.pid, served.started_s, served.log)


@contextmanager
def firstline(data_dir: Path, cloud: Served | None = None, **settings: object) -> Iterator[Served]:
    """`firstline serve` with a database of its own; `settings` are FIRSTLINE_ variables in lower case.

    It tells everybody how an answer was made, which is what is measured here.
    """
    port = free_port()
    database = tempfile.mkdtemp(prefix="firstline-") + "/chat.db"
    values: dict[str, object] = {
        "port": port,
        "data_dir": data_dir,
        "database_url": f"sqlite:///{database}",
        "operator_token": OPERATOR_TOKEN,
        "show_machinery": True,
    }
    if cloud:
        values |= {"cloud_base_url": cloud.url, "cloud_api_key": "sk-loopback", "cloud_model": "smollm2"}
        values |= {"cloud_context_tokens": 2048, "cloud_prompt_tokens": 1200, "cloud_max_tokens": 200}
    values |= settings
    environment = {f"FIRSTLINE_{name.upper()}": str(value) for name, value in values.items()}
    url = f"http://127.0.0.1:{values['port']}"
    command = [sys.executable, "-m", "chatapp.cli", "serve"]
    with running(command, environment, f"{url}/healthz") as served:
        yield Served(url, served.pid, served.started_s, served.log)


@contextmanager
def running(command: list[str], environment: Mapping[str, str], ready_url: str) -> Iterator[Served]:
    """Start a server, wait until `ready_url` answers, and end it by its own process id."""
    log = Path(tempfile.mkstemp(prefix="firstline-", suffix=".log")[1])
    began = time.perf_counter()
    with log.open("wb") as output:
        variables = {**os.environ, "PYTHONFAULTHANDLER": "1", **environment}
        process = subprocess.Popen(command, env=variables, stdout=output, stderr=output)
    try:
        _wait(process, ready_url, log)
        yield Served(ready_url, process.pid, time.perf_counter() - began, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def get_json(url: str) -> dict[str, object]:
    """The JSON object at an address."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        loaded: dict[str, object] = json.load(answer)
        return loaded


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.05)
    process.send_signal(signal.SIGABRT)  # at which Python writes where each of its threads is
    process.wait()
    raise RuntimeError(f"the server was not ready in {READY_WITHIN_S} s: {log.read_text()}")
