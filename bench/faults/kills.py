"""`python -m bench.faults kills`: the product is killed repeatedly while conversations are being answered.

Each round every customer sends a message; at a random moment the process gets SIGKILL; it is started again, and every
customer sends the same message once more under the same id, as the page does, and presses "try again" on what was
interrupted every other time. In the end every message must be there once, and every call in the ledger.
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.faults.account import of_ledger, of_provider
from bench.faults.product import OPEN, Customer, Database, Heard, product
from bench.faults.providers import TEXT
from bench.faults.rows import Row
from bench.faults.server import Provider, provider
from bench.faults.stage import fresh_url, slow_plays
from bench.processes import free_port

QUESTIONS = (
    "How many days do I have to send something back?",
    "What does standard delivery cost?",
    "How do I reset my password?",
    "Where are your stores?",
)
CLOUD_CUSTOMERS, LOCAL_CUSTOMERS = 4, 2
SENDING_S, LONGEST_S = 0.6, 4.5
"""The kill comes within one of these after the round began: sending takes half a second, a slow answer three."""
SETTLES_S = 30
TOGETHER = 1.2
"""The sums over all calls are within this factor: most are told to the token."""


@dataclass
class Said:
    """One message of one customer. `confirmed` in the life in which it was sent, or after the restart."""

    customer: int
    client_id: str
    text: str
    confirmed_before: bool = False
    confirmed_after: bool = False


@dataclass
class Story:
    """Everything that was sent, and what the rounds found. `waits_s` are the times until nothing was running."""

    said: list[Said] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)
    stuck: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)


def measure(data_dir: Path, kills: int, seed: int) -> list[Row]:
    """Rows of what must hold in the end."""
    story, chance, url, port = Story(), random.Random(seed), fresh_url(), free_port()  # noqa: S311 - repeatable
    print(f"{kills} kills, seed {seed}", file=sys.stderr)
    with provider(slow_plays()) as server:
        customers: list[Customer] = []
        for number in range(kills + 1):
            with product(data_dir, server, database_url=url, port=port) as served:
                story.starts_s.append(served.started_s)
                customers = customers or [Customer(served.url) for _ in range(CLOUD_CUSTOMERS + LOCAL_CUSTOMERS)]
                asyncio.run(_life(story, chance, customers, url, served.pid if number < kills else 0, number))
        database = Database(url)
        rows = [_kept(story, database), _once(story, database), _ended(story, database), *_ledger(server, database)]
        database.close()
    for customer in customers:
        customer.close()
    return rows


async def _life(
    story: Story, chance: random.Random, customers: list[Customer], url: str, pid: int, number: int
) -> None:
    """One life of the process: resume what the last one left, then send again and, with a `pid`, kill it."""
    database = Database(url)
    latest = story.said[-len(customers) :] if story.said else []
    await asyncio.gather(*(_take_up(story, customers[one.customer], one, database, number) for one in latest))
    database.close()
    sent = [_message(number, index, chance) for index in range(len(customers))]
    story.said += sent
    tasks = [asyncio.create_task(_send(customers[one.customer], one, chance.uniform(0, SENDING_S))) for one in sent]
    if pid:
        await asyncio.sleep(chance.uniform(0, chance.choice((SENDING_S, LONGEST_S))))
        os.kill(pid, signal.SIGKILL)
    await asyncio.gather(*tasks)
    if not pid:
        for one in sent:
            one.confirmed_after = one.confirmed_before


def _message(number: int, customer: int, chance: random.Random) -> Said:
    name = f"k{number}c{customer}"
    cloud = customer < CLOUD_CUSTOMERS
    text = f"{TEXT} Reference: zz-slow-{name}." if cloud else chance.choice(QUESTIONS)
    return Said(customer, name, text)


async def _send(customer: Customer, one: Said, after_s: float) -> None:
    await asyncio.sleep(after_s)
    heard = await customer.say({"text": one.text, "client_id": one.client_id}, SETTLES_S)
    one.confirmed_before = _taken(heard)


async def _take_up(story: Story, customer: Customer, one: Said, database: Database, number: int) -> None:
    """After the restart: the same message again, until it is confirmed; then wait until nothing runs."""
    began = time.monotonic()
    heard = Heard()
    task = asyncio.create_task(customer.say({"text": one.text, "client_id": one.client_id}, SETTLES_S, heard))
    for _ in range(SETTLES_S * 20):
        if _taken(heard) or task.done():
            break
        await asyncio.sleep(0.05)
    one.confirmed_after = _taken(heard)
    last = await _quiet(customer, database)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    story.waits_s.append(time.monotonic() - began)
    story.ends[str(last["status"])] += 1
    story.stuck += last["status"] in OPEN
    if last["status"] in ("interrupted", "failed") and number % 2:
        again = await customer.say({"action": "again", "turn": last["id"]}, SETTLES_S)
        story.retries[str(again.end.get("status") or again.end.get("code") or "nothing")] += 1


async def _quiet(customer: Customer, database: Database) -> dict[str, Any]:
    began = time.monotonic()
    while True:
        turns = await asyncio.to_thread(database.turns, customer.conversation)
        last = turns[-1] if turns else {"status": "nothing", "id": 0}
        if last["status"] not in OPEN or time.monotonic() - began > SETTLES_S:
            return last
        await asyncio.sleep(0.2)


def _taken(heard: Heard) -> bool:
    return any(frame["type"] == "taken" for frame in heard.frames)


def _kept(story: Story, database: Database) -> Row:
    """What was confirmed is stored, and what was sent again is confirmed."""
    row = Row("kept", "every message confirmed as taken is stored")
    stored = {line["client_id"] for line in database.rows("SELECT client_id FROM message WHERE role = 'user'")}
    confirmed = [one for one in story.said if one.confirmed_before or one.confirmed_after]
    lost = [one.client_id for one in confirmed if one.client_id not in stored]
    never = [one.client_id for one in story.said if one not in confirmed]
    early = sum(one.confirmed_before for one in story.said)
    row.read = f"{len(story.said)} sent, {early} confirmed before a kill, {len(confirmed)} in the end"
    row.stored = f"{len(stored)} of them"
    row.check(not lost, f"lost: {lost}")
    row.check(not never, f"never confirmed: {never}")
    return row


def _once(story: Story, database: Database) -> Row:
    """No message is stored twice, none has two first tries or two answers that stand."""
    row = Row("once", "none is stored, tried or answered twice")
    words = Counter(line["client_id"] for line in database.rows("SELECT client_id FROM message WHERE role = 'user'"))
    tries = database.rows("SELECT count(*) AS n FROM turn WHERE again_of IS NULL")[0]["n"]
    stand = database.rows(
        """SELECT coalesce(again_of, id) AS origin, count(*) AS n FROM turn
        WHERE NOT superseded GROUP BY coalesce(again_of, id) HAVING count(*) > 1"""
    )
    double = [name for name, count in words.items() if count > 1]
    row.stored = f"{sum(words.values())} messages, {tries} first tries, {len(stand)} with two that stand"
    row.check(not double, f"stored twice: {double}")
    row.check(tries == len(story.said), f"{tries} first tries of {len(story.said)} messages")
    row.check(not stand, f"two tries stand for {len(stand)} messages")
    return row


def _ended(story: Story, database: Database) -> Row:
    """Nothing runs for ever; interrupted turns offer a retry, which works."""
    row = Row("ended", "every turn is answered or offers a retry")
    states = Counter(str(line["status"]) for line in database.rows("SELECT status FROM turn"))
    empty = database.rows(
        """SELECT count(*) AS n FROM turn LEFT JOIN message ON message.turn_id = turn.id AND message.role = 'assistant'
        WHERE turn.status = 'done' AND coalesce(message.content, '') = ''"""
    )[0]["n"]
    row.stored = ", ".join(f"{count} {name}" for name, count in states.items())
    row.read = f"retries pressed: {dict(story.retries)}; ready {max(story.waits_s, default=0):.1f} s after at most"
    row.seconds = max(story.starts_s)
    row.check(not any(states[name] for name in OPEN), "some have not ended")
    row.check(story.stuck == 0, f"{story.stuck} were not over after {SETTLES_S} s")
    row.check(empty == 0, f"{empty} done without words")
    bad = {name: n for name, n in story.retries.items() if name not in ("done", "abstained")}
    row.check(not bad, f"retries ended with {bad}")
    return row


def _ledger(server: Provider, database: Database) -> list[Row]:
    """Calls one by one, and the sums."""
    booked = database.rows(
        """SELECT call.*, coalesce(turn.again_of, turn.id) AS origin, message.content AS text FROM call
        JOIN turn ON turn.id = call.turn_id
        LEFT JOIN message ON message.turn_id = coalesce(turn.again_of, turn.id) AND message.role = 'user'
        WHERE call.route = 'cloud'"""
    )
    ours, theirs = of_ledger(booked), of_provider(server.accounts)
    calls = Row("calls", "every call of the provider has its row in the ledger")
    served = Counter(account.marker for account in server.accounts)
    rows: Counter[str] = Counter()
    for line in booked:
        rows[next((m for m in served if f"{m}." in str(line["text"])), "none")] += 1
    missing, beyond = (served - rows).total(), (rows - served).total()
    calls.ledger = f"{len(booked)} rows / {len(server.accounts)} calls"
    calls.read = f"{sum(account.hung_up for account in server.accounts)} calls were cut off"
    calls.stored = f"{missing} missing, {beyond} that never reached the provider"
    calls.check(not missing, f"{missing} calls are missing")
    sums = Row("tokens", "the sums agree within the estimates", ledger=f"{ours} / {theirs}")
    sums.stored = f"{sum(bool(line['estimated']) for line in booked)} rows are estimates"
    for name in ("input", "output"):
        mine, bill = getattr(ours, f"{name}_tokens"), getattr(theirs, f"{name}_tokens")
        sums.read += f"{name} {mine / max(bill, 1):.3f} of the provider's "
        sums.check(max(mine, bill) <= TOGETHER * min(mine, bill), f"{name}: {mine} against {bill}")
    open_rows = [line for line in booked if str(line["outcome"]) in ("open", "running")]
    calls.check(not open_rows, f"{len(open_rows)} rows are still open")
    return [calls, sums]
