"""Many conversations at once through the product's WebSocket: is one mixed up, a word lost, or does the memory grow?

    python -m bench.conversations [--customers 1 8 50] [--minutes 20] [--json]

Each conversation asks three of the pack's held-out questions. Of every turn it is checked that all its events are of
its own conversation, that the words that came are the answer that is stored, and that the answer is the one that the
same conversation gets alone. One that is worded otherwise, since batches of another size round otherwise, is counted,
and is a fault where it has a word of another conversation's that is in neither its own nor its texts. After that, eight
conversations at a time go on for so many minutes, and resident memory is sampled.
"""

import argparse
import asyncio
import json
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.asked import Asked, held_out
from bench.client import Client, events
from bench.processes import Served, firstline
from bench.quantiles import quantile

MESSAGES, AT_ONCE, SAMPLE_S = 3, 8, 15.0
QUESTIONS = 24
"""Distinct ones; eight conversations, each held alone before."""


@dataclass(slots=True)
class Seen:
    """What went on: milliseconds from sending to the first word, to the end, and between words; and what was wrong."""

    first_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    gap_ms: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    local: int = 0
    otherwise: int = 0


class Crowd:
    """Conversations of one product."""

    def __init__(self, product: Served, asked: Sequence[Asked]) -> None:
        self._product, self._questions = product, [each.question for each in asked]
        self._facts = {each.question: each.fact for each in asked}
        self._alone: dict[tuple[str, ...], str] = {}

    async def ask_alone(self) -> None:
        """Note the answers that each conversation gets alone."""
        for at in range(0, len(self._questions), MESSAGES):
            await self._talk(Client(self._product.url), self._questions[at : at + MESSAGES], Seen(), note=True)

    async def at_once(self, customers: int, messages: int = MESSAGES, offset: int = 0) -> tuple[Seen, float]:
        """So many conversations at the same time, and the seconds that they took."""
        seen, count = Seen(), len(self._questions)
        clients = [Client(self._product.url) for _ in range(customers)]
        began = time.perf_counter()
        await asyncio.gather(
            *(
                self._talk(
                    client, [self._questions[(offset + at * messages + n) % count] for n in range(messages)], seen
                )
                for at, client in enumerate(clients)
            )
        )
        return seen, time.perf_counter() - began

    async def _talk(self, client: Client, questions: Sequence[str], seen: Seen, *, note: bool = False) -> None:
        conversation, told = await asyncio.to_thread(client.create), list[str]()
        async with client.socket(conversation) as socket:
            for at, question in enumerate(questions, 1):
                await socket.send(json.dumps({"text": question}))
                told.append(await self._turn(socket, conversation, tuple(questions[:at]), seen, note=note))
        stored = await asyncio.to_thread(lambda: client.http.get(f"/api/conversations/{conversation}").json())
        client.close()
        kept = [turn["answer"] for turn in stored["turns"]]
        if kept != told:
            seen.faults.append(f"told {told!r}, stored {kept!r}")

    async def _turn(self, socket: Any, conversation: str, asked: tuple[str, ...], seen: Seen, *, note: bool) -> str:
        began = last = time.perf_counter()
        first, shown, whole = 0.0, "", ""
        async for event in events(socket):
            now = time.perf_counter()
            if event["conversation_id"] != conversation:
                seen.faults.append(f"an event of {event['conversation_id']} came to {conversation}")
            if event["type"] == "delta":
                shown = event["text"] if event["replace"] else shown + event["text"]
                if first:
                    seen.gap_ms.append((now - last) * 1000)
                first, last = first or now, now
            elif event["type"] == "failed":
                seen.faults.append(f"{asked[-1]!r} failed: {event['what']}")
            elif event["type"] == "finished":
                whole = event["text"]
                self._finished(event, shown, asked, seen, note=note)
        seen.first_ms.append(((first or time.perf_counter()) - began) * 1000)
        seen.whole_ms.append((time.perf_counter() - began) * 1000)
        return whole

    def _finished(self, event: dict[str, Any], shown: str, asked: tuple[str, ...], seen: Seen, *, note: bool) -> None:
        seen.local += event["route"] == "local"
        text = event["text"]
        if shown.strip() != text.strip():
            seen.faults.append(f"of {asked[-1]!r} came {shown!r}, stored is {text!r}")
        if note:
            self._alone[asked] = text
        elif text != self._alone[asked]:
            seen.otherwise += 1
            foreign = _words(text) - _words(self._alone[asked], self._facts[asked[-1]], *asked)
            if foreign & _words(*self._alone.values()):
                seen.faults.append(f"{asked[-1]!r} alone: {self._alone[asked]!r}, in the crowd: {text!r}")


def _words(*texts: str) -> set[str]:
    return {word for text in texts for word in re.findall(r"\w+", text.lower())}


def resident_mib(product: Served) -> float:
    """Of the product's process."""
    return float(psutil.Process(product.pid).memory_info().rss / 2**20)


def figures(seen: Seen, seconds: float, product: Served) -> dict[str, Any]:
    """One row."""
    return {
        "turns": len(seen.whole_ms),
        "local": seen.local,
        "worded_otherwise": seen.otherwise,
        "turns_per_s": len(seen.whole_ms) / seconds,
        "first_word_p50_ms": quantile(seen.first_ms, 0.5),
        "first_word_p95_ms": quantile(seen.first_ms, 0.95),
        "whole_p50_ms": quantile(seen.whole_ms, 0.5),
        "whole_p95_ms": quantile(seen.whole_ms, 0.95),
        "longest_ms": max(seen.whole_ms),
        "gap_p95_ms": quantile(seen.gap_ms, 0.95),
        "resident_mib": resident_mib(product),
        "faults": seen.faults,
    }


async def measured(product: Served, customers: Sequence[int], minutes: float) -> dict[str, Any]:
    """All rows, and the memory under load."""
    crowd = Crowd(product, held_out(QUESTIONS))
    await crowd.ask_alone()
    report: dict[str, Any] = {}
    for count in customers:
        seen, seconds = await crowd.at_once(count)
        report[str(count)] = figures(seen, seconds, product)
    samples, faults, turns, otherwise = [resident_mib(product)], list[str](), 0, 0
    deadline, sampled = time.monotonic() + 60 * minutes, time.monotonic()
    while time.monotonic() < deadline:
        seen, _ = await crowd.at_once(AT_ONCE, offset=turns)
        turns, faults, otherwise = turns + len(seen.whole_ms), faults + seen.faults, otherwise + seen.otherwise
        if time.monotonic() - sampled > SAMPLE_S:
            sampled = time.monotonic()
            samples.append(resident_mib(product))
    report["load"] = {
        "minutes": minutes,
        "turns": turns,
        "worded_otherwise": otherwise,
        "faults": faults,
        "resident_mib": samples,
    }
    return report


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=[1, 8, 50])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data-dir", type=Path, default=Path(tempfile.gettempdir()) / "firstline-bench")
    options = parser.parse_args()
    with firstline(options.data_dir):  # makes the encoder and the router, where they are not there yet
        pass
    with firstline(options.data_dir, mode="local-only") as product:
        report = asyncio.run(measured(product, options.customers, options.minutes))
    if options.json:
        print(json.dumps(report))
        return
    for name, row in report.items():
        print(name)
        for key, value in row.items():
            print(f"  {key:18} {value:.1f}" if isinstance(value, float) else f"  {key:18} {value}")


if __name__ == "__main__":
    main()
