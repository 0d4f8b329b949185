"""`python -m bench.faults database`: databases that are locked, full, stopped; processes that end; a second one.

Each fault comes in the middle of an answer. Afterwards the answer must be complete or offer a retry, the ledger must
have it, and the conversation must go on.
"""

import asyncio
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from bench.faults import junk
from bench.faults.postgres import postgres, program
from bench.faults.product import Customer, Database, cloud_settings
from bench.faults.rows import Row, leaks
from bench.faults.stage import Scenario, Stage, amid, booked, file_of, fresh_url, gone, hear, judge, run, settled
from bench.processes import Served, free_port

HELD_S = 12
"""Longer than any busy timeout, shorter than a customer's patience."""
PROBED_WITHIN_S = 6
"""A probe may wait for the busy timeout once, not in line behind other writers."""
ENDS = ("done", "interrupted")
Fault = Callable[[str, Served], AbstractContextManager[None]]
"""Begins and ends a fault of a running product and its database."""


def measure(data_dir: Path, only: Iterable[str] = ()) -> list[Row]:
    """A row for each scenario."""
    chosen = {name: scenario for name, scenario in SCENARIOS.items() if not only or name in only}
    rows = run(chosen, data_dir)
    return rows if only else [*rows, *junk.measure(data_dir)]


def locked(stage: Stage) -> None:
    """Another connection holds the write lock while the answer ends."""
    _held_over_the_end(stage, fresh_url(), _lock)


def full(stage: Stage) -> None:
    """The disk is full while the answer ends."""
    with _small_disk() as folder:
        _held_over_the_end(stage, f"sqlite:///{folder}/chat.db", _fill)


def write_error(stage: Stage) -> None:
    """Files may not grow while the answer ends."""
    _held_over_the_end(stage, fresh_url(), _no_growth)


def _held_over_the_end(stage: Stage, url: str, fault: Fault) -> None:
    with stage.product(url) as served:
        asyncio.run(_fault_amid(stage, url, served, fault))


async def _fault_amid(stage: Stage, url: str, served: Served, fault: Fault) -> None:
    customer = await asyncio.to_thread(Customer, served.url)
    task, heard = await amid(stage, customer)
    health = ""
    with fault(url, served):
        await asyncio.sleep(HELD_S / 2)
        health = await asyncio.to_thread(_health, customer)
        await asyncio.sleep(HELD_S / 2)
    await asyncio.wait([task], timeout=40)
    await judge(stage, url, customer, heard, ENDS)
    stage.row.stored += f"; /healthz {health}"
    stage.row.check(health.startswith("503"), "/healthz finds nothing wrong meanwhile")
    stage.row.check(float(health.split()[2]) < PROBED_WITHIN_S, "/healthz takes too long")
    customer.close()


def locked_begin(stage: Stage) -> None:
    """The lock is held when the message comes."""
    url = fresh_url()
    with stage.product(url) as served:
        asyncio.run(_locked_begin(stage, url, served))


async def _locked_begin(stage: Stage, url: str, served: Served) -> None:
    customer = await asyncio.to_thread(Customer, served.url)
    frame = {"text": f"I complain. My order was wrong. zz-slow-{stage.marker}", "client_id": "begin-1"}
    with _lock(url, served):
        heard = await customer.say(frame, 20)
    hear(stage.row, heard)
    stage.row.check(heard.end.get("type") == "failed", "not told that it was not taken")
    again = await customer.say(frame, 30)
    database = Database(url)
    kept = database.rows("SELECT count(*) AS n FROM message WHERE client_id = 'begin-1'")[0]["n"]
    stage.row.stored = f"sent again: {again.end.get('status')}, {kept} message"
    stage.row.check(kept == 1 and again.end.get("status") == "done", "sent again, it is not answered once")
    database.close()
    customer.close()


def postgres_stopped(stage: Stage) -> None:
    """PostgreSQL stops in the middle of the answer, and starts again."""
    with postgres() as server, stage.product(server.url) as served:

        @contextmanager
        def stopped(_url: str, _served: Served) -> Iterator[None]:
            server.down()
            yield
            server.up()

        asyncio.run(_fault_amid(stage, server.url, served, stopped))


def postgres_killed(stage: Stage) -> None:
    """The product on PostgreSQL is killed in the middle of an answer and started at once."""
    with postgres() as server:
        _killed(stage, server.url)


def sqlite_killed(stage: Stage) -> None:
    """The same on SQLite."""
    _killed(stage, fresh_url())


def _killed(stage: Stage, url: str) -> None:
    port = free_port()
    with stage.product(url, port=port) as served:
        customer = Customer(served.url)
        asyncio.run(_until_amid(stage, customer, served.pid, signal.SIGKILL))
    with stage.product(url, port=port):
        asyncio.run(_after_the_kill(stage, url, customer))


async def _until_amid(stage: Stage, customer: Customer, pid: int, number: signal.Signals, play: str = "slow") -> None:
    task, heard = await amid(stage, customer, play)
    os.kill(pid, number)
    await asyncio.wait([task], timeout=30)
    hear(stage.row, heard)


async def _after_the_kill(stage: Stage, url: str, customer: Customer) -> None:
    """Sent again as the page does, the message is there once, and the conversation goes on."""
    frame = {"text": f"I complain. zz-slow-{stage.marker}", "client_id": f"{stage.marker}-1"}
    heard = await customer.say(frame, 5)
    heard.hung = False  # what is known already is confirmed and no more
    stage.row.check(any(f["type"] == "taken" for f in heard.frames), "sent again, it is not confirmed")
    await judge(stage, url, customer, heard, ENDS)
    stage.row.seconds = 0
    customer.close()


def second(stage: Stage) -> None:
    """A second `serve` on the same SQLite file, while the first is answering."""
    url = fresh_url()
    with stage.product(url) as served:
        asyncio.run(_second(stage, url, served))


async def _second(stage: Stage, url: str, served: Served) -> None:
    customer = await asyncio.to_thread(Customer, served.url)
    task, _ = await amid(stage, customer, "long", 90)
    said, code = await asyncio.to_thread(_serve_once, stage, url)
    running = Database(url)
    status = running.turns(customer.conversation)[-1]["status"]
    stage.row.check(code not in (None, 0), "the second one runs")
    stage.row.check(status == "running", f"the first one's turn is {status}")
    stage.row.read = f"the operator: {said}"
    stage.row.stored = f"the first one's turn: {status}"
    running.close()
    task.cancel()
    customer.close()


def _serve_once(stage: Stage, url: str) -> tuple[str, int | None]:
    """What a second server prints and its exit status; None where it kept running and had to be ended."""
    settings = cloud_settings(stage.server) | {"database_url": url, "data_dir": stage.data_dir, "port": free_port()}
    environment = os.environ | {f"FIRSTLINE_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "chatapp.cli", "serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = process.communicate(timeout=30)
        return output.strip().splitlines()[-1] if output.strip() else "nothing", process.returncode
    except subprocess.TimeoutExpired:
        process.terminate()
        process.communicate(timeout=30)
        return "nothing, and serves", None


def terminated(stage: Stage) -> None:
    """SIGTERM during an answer of three seconds."""
    _terminated(stage, "slow", ("done",))


def terminated_long(stage: Stage) -> None:
    """SIGTERM during an answer of more than a minute."""
    _terminated(stage, "long", ("interrupted",))


def _terminated(stage: Stage, play: str, ends: tuple[str, ...]) -> None:
    url, port, limits = fresh_url(), free_port(), {"cloud_total_timeout_s": 200}
    with stage.product(url, port=port, **limits) as served:
        customer = Customer(served.url)
        asyncio.run(_until_amid(stage, customer, served.pid, signal.SIGTERM, play))
        took = asyncio.run(gone(served.pid, 60))
        stage.row.check(took is not None, "the process has not ended in a minute")
    database = Database(url)
    last, _ = asyncio.run(settled(database, customer))
    stage.row.stored = f"{last['status']}, {len(last['words'] or '')} characters"
    stage.row.check(last["status"] in ends, f"stored as {last['status']}")
    booked(stage.row, stage.server, database, customer, f"zz-{play}-{stage.marker}")
    if last["status"] != "done":
        with stage.product(url, port=port, **limits):
            heard = asyncio.run(customer.say({"action": "cloud", "turn": last["id"]}, 8))
        stage.row.check(any(frame["type"] == "delta" for frame in heard.frames), "the retry says nothing")
    database.close()
    customer.close()


@contextmanager
def _lock(url: str, _served: Served) -> Iterator[None]:
    connection = sqlite3.connect(file_of(url), timeout=30, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def _fill(url: str, _served: Served) -> Iterator[None]:
    ballast = file_of(url).with_name("ballast")
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def _no_growth(url: str, served: Served) -> Iterator[None]:
    most = max(path.stat().st_size for path in file_of(url).parent.iterdir())
    before = resource.prlimit(served.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(served.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def _small_disk() -> Iterator[str]:
    """A disk of eight megabytes; needs the right to mount."""
    folder = tempfile.mkdtemp(prefix="firstline-disk-")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=True)  # noqa: S607
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)  # noqa: S607


def _health(customer: Customer) -> str:
    began = time.perf_counter()
    answer = customer.client.http.get("/healthz")
    body = answer.json()
    leaked = leaks([str(body.get("database", ""))])
    shown = f" shows {leaked}" if leaked else ""
    return f"{answer.status_code} in {time.perf_counter() - began:.1f} s{shown}"


SCENARIOS: dict[str, tuple[str, Scenario]] = {
    "locked": ("SQLite locked for 12 s over the end of an answer", locked),
    "locked_begin": ("SQLite locked when a message comes", locked_begin),
    "disk_full": ("the disk full for 12 s over the end of an answer", full),
    "write_error": ("files that may not grow for 12 s over the end of an answer", write_error),
    "sqlite_killed": ("SQLite: `kill -9` amid an answer, started at once", sqlite_killed),
    "second_serve": ("a second `serve` on one SQLite file", second),
    "sigterm": ("SIGTERM amid an answer of 3 s", terminated),
    "sigterm_long": ("SIGTERM amid an answer of more than a minute", terminated_long),
}
if program("initdb"):
    SCENARIOS |= {
        "postgres_stopped": ("PostgreSQL stopped for 12 s over the end of an answer", postgres_stopped),
        "postgres_killed": ("PostgreSQL: `kill -9` of the product amid an answer, started at once", postgres_killed),
    }
