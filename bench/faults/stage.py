"""What the scenarios of a failing database share: an answer that is amid its words, and what became of it."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.faults.account import apart, of_ledger, of_provider
from bench.faults.limits import drip
from bench.faults.plays import END, WHOLE, stream
from bench.faults.product import OPEN, Customer, Database, Heard, product
from bench.faults.providers import TEXT, plays, said_shortly
from bench.faults.rows import Row, leaks
from bench.faults.server import PLAIN, Play, Provider, provider
from bench.processes import Served

RECOVERS_S = 60
"""How long a conversation may take to be of use again once the fault is over."""


def slow_plays() -> dict[str, Play]:
    """All behaviours, `slow` of three seconds and `long` of more than a minute."""
    return plays() | {"slow": stream(*drip(0.6), *END), "long": stream(*drip(1.0) * 20, *END)}


@dataclass
class Stage:
    """A provider, a place for databases, and a row to fill."""

    data_dir: Path
    server: Provider
    row: Row

    @contextmanager
    def product(self, url: str, **settings: Any) -> Iterator[Served]:
        """The product on this database."""
        with product(self.data_dir, self.server, database_url=url, **settings) as served:
            yield served

    @property
    def marker(self) -> str:
        """A tag of this scenario's own."""
        return self.row.name.replace("_", "")


def fresh_url() -> str:
    """An SQLite file that is not there yet."""
    return f"sqlite:///{tempfile.mkdtemp(prefix='firstline-faults-')}/chat.db"


def file_of(url: str) -> Path:
    """The file of an SQLite URL."""
    return Path(url.removeprefix("sqlite:///"))


async def amid(
    stage: Stage, customer: Customer, play: str = "slow", within_s: float = 60
) -> tuple["asyncio.Task[Heard]", Heard]:
    """Send a message and come back once its first words are heard; the task goes on listening."""
    heard = Heard()
    frame = {"text": f"{TEXT} Reference: zz-{play}-{stage.marker}.", "client_id": f"{stage.marker}-1"}
    task = asyncio.create_task(customer.say(frame, within_s, heard))
    for _ in range(400):
        if task.done() or any(f["type"] == "delta" for f in heard.frames):
            return task, heard
        await asyncio.sleep(0.05)
    return task, heard


async def settled(database: Database, customer: Customer) -> tuple[dict[str, Any], float]:
    """The conversation's last turn once it no longer runs, and the seconds that took; at most RECOVERS_S."""
    began = time.monotonic()
    while True:
        turns = await asyncio.to_thread(database.turns, customer.conversation)
        last = turns[-1] if turns else {"status": "nothing", "words": ""}
        if last["status"] not in OPEN or time.monotonic() - began > RECOVERS_S:
            return last, time.monotonic() - began
        await asyncio.sleep(0.25)


async def judge(
    stage: Stage, url: str, customer: Customer, heard: Heard, ends: tuple[str, ...], play: str = "slow"
) -> None:
    """Fill the row: what was heard, how it is stored, what was booked, and whether the conversation goes on."""
    row, database = stage.row, Database(url)
    hear(row, heard)
    last, waited = await settled(database, customer)
    words = last["words"] or ""
    row.stored = f"{last['status']}, {len(words)} characters" + (f", {waited:.0f} s after" if waited > 1 else "")
    row.check(last["status"] in ends, f"stored as {last['status']}")
    row.check(last["status"] != "done" or WHOLE in words, "stored as done, but not whole")
    await asyncio.to_thread(booked, row, stage.server, database, customer, f"zz-{play}-{stage.marker}")
    await goes_on(stage, customer)
    database.close()


def hear(row: Row, heard: Heard) -> None:
    """What the customer read."""
    row.read = " // ".join([*heard.told, heard.answer]) or said_shortly(heard)
    row.seconds = heard.seconds
    row.check(not leaks(heard.told), f"told {leaks(heard.told)}")
    row.check(not heard.hung, "nothing ended it")


def booked(row: Row, server: Provider, database: Database, customer: Customer, marker: str) -> None:
    """The ledger against the provider's account, once no call of it is open any more."""
    calls = database.calls(customer.conversation)
    for _ in range(RECOVERS_S):
        if not any(call["outcome"] == "open" for call in calls):
            break
        time.sleep(1)  # nothing else goes on in this scenario
        calls = database.calls(customer.conversation)
    row.check(not any(call["outcome"] == "open" for call in calls), "a row of the ledger stays open")
    whole = all(call["outcome"] == "ok" for call in calls)
    ours, theirs = of_ledger(calls), of_provider([call.account for call in server.of(marker)], whole)
    outcomes = ", ".join(str(call["outcome"]) for call in calls) or "no row"
    row.ledger = f"{outcomes}: {ours} / {theirs}"
    row.wrong += apart(ours, theirs) if calls else ["no row in the ledger"]


async def goes_on(stage: Stage, customer: Customer) -> None:
    """A plain message is answered, at the latest after RECOVERS_S."""
    began, after = time.monotonic(), Heard()
    while time.monotonic() - began < RECOVERS_S:
        after = await customer.say({"text": f"{TEXT} Who reads it? Reference: zz-{PLAIN}-{stage.marker}."}, 30)
        if after.end.get("status") == "done":
            return
        await asyncio.sleep(2)
    stage.row.wrong.append(f"the next message: {said_shortly(after)}, {' '.join(after.told)}"[:200])


async def gone(pid: int, within_s: float) -> float | None:
    """Seconds until a process has ended, None where it has not."""
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return time.monotonic() - began
        await asyncio.sleep(0.1)
    return None


Scenario = Callable[[Stage], None]


def run(scenarios: dict[str, tuple[str, Scenario]], data_dir: Path) -> list[Row]:
    """A row for each."""
    rows = []
    with provider(slow_plays()) as server:
        for name, (about, scenario) in scenarios.items():
            row = Row(name, about)
            try:
                scenario(Stage(data_dir, server, row))
            except Exception as error:  # a scenario that cannot be played is a row that fails
                row.wrong.append(f"could not be played: {type(error).__name__}: {error}"[:300])
            rows.append(row)
    return rows
