"""`python -m bench.faults provider`: one message for each behaviour of the server, through the browser's own protocol.

Permanent behaviours, such as refusing a parameter, get a product of their own; the rest share one product, several
conversations at once. After the fault the same conversation asks something plain, and must be answered.
"""

import asyncio
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.faults.account import apart, of_ledger, of_provider
from bench.faults.limits import CONTENT, TIMES, USAGE
from bench.faults.plays import Behaviour
from bench.faults.product import KEY, MODEL, TOTAL_S, Customer, Database, Heard, product
from bench.faults.refusals import PARAMETERS, STATUSES
from bench.faults.rows import Row, leaks
from bench.faults.server import PLAIN, Play, Provider, provider
from bench.faults.streams import CHUNKS, ENDS, THINKING
from bench.processes import Served

BEHAVIOURS: dict[str, Behaviour] = CHUNKS | ENDS | THINKING | PARAMETERS | STATUSES | TIMES | USAGE | CONTENT
TEXT = "I want to make a formal complaint about the way your colleague spoke to me on the phone."
AT_ONCE = 6
HANGS_S = TOTAL_S + 15
ENVIRONMENT = {"OPENAI_ORG_ID": "org-of-environment", "OPENAI_PROJECT_ID": "project-of-environment"}
"""Set for the product; no request may carry them."""


@dataclass
class Bench:
    """What the scenarios share."""

    server: Provider
    served: Served
    database: Database


def plays() -> dict[str, Play]:
    """Every behaviour by its name."""
    return {name: behaviour.play for name, behaviour in BEHAVIOURS.items()}


def measure(data_dir: Path, only: Iterable[str] = ()) -> list[Row]:
    """A row for each behaviour, in the order of definition."""
    chosen = {name: BEHAVIOURS[name] for name in (only or BEHAVIOURS)}
    rows: dict[str, Row] = {}
    with provider(plays()) as server:
        shared = {name: one for name, one in chosen.items() if not one.always}
        if shared:
            rows |= _in_one_product(data_dir, server, shared)
        for name, one in chosen.items():
            if one.always:
                rows |= _in_one_product(data_dir, server, {name: one}, name)
        found = [rows[name] for name in chosen]
        return [*found, _environment(server), _keys(server)]


def _in_one_product(
    data_dir: Path, server: Provider, chosen: Mapping[str, Behaviour], always: str = ""
) -> dict[str, Row]:
    url = _database_url()
    with product(data_dir, server, always, database_url=url) as served:
        bench = Bench(server, served, Database(url))
        rows = asyncio.run(_all(bench, chosen))
        bench.database.close()
        return rows


def _database_url() -> str:
    return f"sqlite:///{tempfile.mkdtemp(prefix='firstline-faults-')}/chat.db"


async def _all(bench: Bench, chosen: Mapping[str, Behaviour]) -> dict[str, Row]:
    turnstile = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> Row:
        async with turnstile:
            row = Row(name, chosen[name].about)
            try:
                await _one(bench, row, chosen[name])
            except Exception as error:  # a behaviour that breaks the scenario is a row that fails
                row.wrong.append(f"could not be played: {type(error).__name__}: {error}"[:200])
            return row

    rows = await asyncio.gather(*(one(name) for name in chosen))
    return dict(zip(chosen, rows, strict=True))


async def _one(bench: Bench, row: Row, behaviour: Behaviour) -> None:
    customer = await asyncio.to_thread(Customer, bench.served.url)
    marker = f"zz-{row.name}"
    message = f"{behaviour.message or TEXT} Reference: {marker}."
    heard = await customer.say({"text": message}, HANGS_S)
    if not bench.server.of(marker) and heard.turn_id:  # the router kept it here: the customer asks the cloud
        heard = await customer.say({"action": "cloud", "turn": heard.turn_id}, HANGS_S)
    row.seconds = heard.seconds
    _read(row, heard, behaviour)
    page = await customer.page()
    row.check(
        not leaks([page.replace(MODEL, "")]) or leaks(heard.told), f"page shows {leaks([page.replace(MODEL, '')])}"
    )
    await asyncio.to_thread(_stored, row, bench, customer.conversation, behaviour)
    await asyncio.to_thread(_booked, row, bench, customer.conversation, marker)
    _asked(row, bench, marker, message, behaviour)
    after = await customer.say(
        {"text": f"{TEXT} And who reads it? Reference: zz-{PLAIN}-{row.name.replace('_', '')}."}, HANGS_S
    )
    row.check(after.end.get("status") == "done", f"the next message: {said_shortly(after)}")
    customer.close()


def _read(row: Row, heard: Heard, behaviour: Behaviour) -> None:
    expect, read = behaviour.expect, [heard.answer, *heard.told]
    row.read = " // ".join(_cut(text) for text in read if text.strip()) or said_shortly(heard)
    row.check(not heard.hung, f"nothing ended it in {HANGS_S} s")
    row.check(not heard.lost, f"the socket was lost ({heard.lost})")
    row.check(not leaks(heard.told), f"told {leaks(heard.told)}")
    missing = [text for text in expect.says if text not in heard.answer]
    row.check(not missing, f"the answer lacks {_cut(missing[0]) if missing else ''!r}")
    everything = " ".join([*read, *(str(f.get("text", "")) for f in heard.frames)])
    row.check(not any(hidden in everything for hidden in expect.hides), "shows what is to be hidden")
    if expect.told is not None:
        row.check(
            bool(heard.told) is expect.told, "the customer is told nothing" if expect.told else "told for nothing"
        )
    row.check(heard.seconds <= expect.within_s, f"took {heard.seconds:.0f} s of {expect.within_s:.0f}")


def _stored(row: Row, bench: Bench, conversation: str, behaviour: Behaviour) -> None:
    turns = bench.database.turns(conversation)
    last = turns[-1] if turns else {"status": "nothing", "words": ""}
    words = last["words"] or ""
    row.stored = f"{last['status']}, {len(words)} characters"
    row.check(last["status"] in behaviour.expect.ends, f"stored as {last['status']}")
    row.check(last["status"] == "running" or last["status"] != "done" or words.strip(), "an empty answer is done")


def _booked(row: Row, bench: Bench, conversation: str, marker: str) -> None:
    calls = bench.database.calls(conversation)
    whole = all(call["outcome"] == "ok" for call in calls)
    ours, theirs = of_ledger(calls), of_provider([call.account for call in bench.server.of(marker)], whole)
    outcomes = ", ".join(str(call["outcome"]) for call in calls) or "no row"
    row.ledger = f"{outcomes}: {ours} / {theirs}"
    row.wrong += apart(ours, theirs)
    row.check(calls or not theirs.calls, "no row in the ledger")


def _asked(row: Row, bench: Bench, marker: str, message: str, behaviour: Behaviour) -> None:
    calls = bench.server.of(marker)
    row.check(calls, "the provider was not asked")
    most = behaviour.expect.calls
    row.check(len(calls) <= most, f"{len(calls)} requests, {most} at most")
    if behaviour.message and calls:
        said = [str(m["content"]) for m in calls[-1].body["messages"] if m["role"] == "user"][-1]
        row.check(
            "500 EUR" not in said or said.startswith(message[:12]) or "<|" in message,
            "facts in the customer's own message",
        )
        row.check("<|im_start|>" not in said, "control tokens reach the model as they were written")


def _environment(server: Provider) -> Row:
    row = Row("environment", "OPENAI_ORG_ID and OPENAI_PROJECT_ID of the environment")
    sent = {f"{n}: {v}" for call in server.calls for n, v in call.headers.items() if v in ENVIRONMENT.values()}
    row.read = f"{len(server.calls)} requests, {len(sent)} such headers"
    row.check(not sent, f"sends {', '.join(sorted(sent))}")
    return row


def _keys(server: Provider) -> Row:
    row = Row("key", "the key stands in the Authorization header alone")
    wrong = [
        call for call in server.calls if KEY in str(call.body) or call.headers.get("authorization") != f"Bearer {KEY}"
    ]
    row.read = f"{len(server.calls)} requests, {len(wrong)} otherwise"
    row.check(not wrong, "the key is elsewhere")
    return row


def said_shortly(heard: Heard) -> str:
    """The end of a turn in two words."""
    end: dict[str, Any] = heard.end
    if not end:
        return "nothing" + (f", {heard.lost}" if heard.lost else "")
    return f"{end['type']} {end.get('status', end.get('code'))}"


def _cut(text: str, most: int = 150) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}…"
