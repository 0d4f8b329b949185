"""A conversation of 100 turns against models with a context of 2,048 tokens: is it flat, and is the name still known?

    python -m bench.conversation [--turns 100] [--json]

The whole product over its WebSocket, with `python -m llama_cpp.server` (the same small model) as the cloud. A customer
gives a name in the first message; shop questions and small talk alternate; the last message asks for the name.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bench.client import Client, say
from bench.processes import Served, cloud_server, firstline

NAME = "Ottilie"
OPENING = f"Hello there! My name is {NAME} and I have to tell you about my walking holiday last summer."
ASK = "Tell me, what is my name?"
TALK = (
    "How long do I have to send something back?",
    "I walked along the coast for nine days and it rained on seven of them, what do you make of that?",
    "What does express delivery cost?",
    "Tell me a little story about a lighthouse keeper and his dog.",
    "How do I reset my password?",
    "My sister thinks that mountains are boring, how would you convince her?",
    "When are the stores open on Saturday?",
    "Write two lines about fog in the morning.",
)
EVERY = 10


async def converse(product: Served, turns: int) -> tuple[list[dict[str, Any]], str]:
    """Every turn with its last event, and the summary at the end; the last turn asks for the name."""
    client = Client(product.url)
    conversation = client.create()
    messages = [OPENING, *islice(cycle(TALK), turns - 2), ASK]
    async with client.socket(conversation) as socket:
        ends = []
        for text in messages:
            ends.append((await say(socket, text))[-1])
            await asyncio.sleep(0.5)  # time to fold, as a person reads
    stored = client.http.get(f"/api/conversations/{conversation}").json()
    client.close()
    return [{**turn, "end": end} for turn, end in zip(stored["turns"], ends, strict=True)], stored["summary"]


def row(number: int, turn: dict[str, Any]) -> dict[str, Any]:
    """The table's row for one turn."""
    answer = next((call for call in turn["calls"] if call["purpose"] == "answer"), None)
    summaries = [call for call in turn["calls"] if call["purpose"] == "summary"]
    return {
        "turn": number,
        "route": turn["route"],
        "status": turn["status"],
        "prompt_tokens": answer["input_tokens"] if answer else None,
        "cached_tokens": answer["cached_tokens"] if answer else None,
        "ttft_ms": answer["ttft_ms"] if answer else None,
        "cost_microusd": turn["cost_microusd"],
        "folded": len(summaries),
    }


def halves(rows: list[dict[str, Any]], route: str, key: str) -> tuple[float, float]:
    """Medians of the second and of the last third of the turns that this route answered."""
    third = len(rows) // 3
    parts = rows[third : 2 * third], rows[2 * third :]
    middle, last = ([r[key] for r in part if r["route"] == route and r[key] is not None] for part in parts)
    return statistics.median(middle), statistics.median(last)


def main() -> None:
    """Run the conversation and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data-dir", type=Path, default=Path(tempfile.gettempdir()) / "firstline-bench")
    options = parser.parse_args()
    with (
        cloud_server(context_tokens=2048, threads=2) as cloud,
        firstline(options.data_dir, cloud, cloud_max_tokens=64, cloud_temperature=0) as product,
    ):
        turns, summary = asyncio.run(converse(product, options.turns))
    rows = [row(number, turn) for number, turn in enumerate(turns, 1)]
    report = {
        "turns": len(rows),
        "failed": sum(r["status"] not in {"done", "abstained"} for r in rows),
        "longest_prompt_tokens": max(r["prompt_tokens"] or 0 for r in rows),
        "folds": sum(r["folded"] for r in rows),
        "flat": {
            f"{route} {key}": halves(rows, route, key)
            for route in ("local", "cloud")
            for key in ("prompt_tokens", "ttft_ms")
        },
        "asked_for_the_name": turns[-1]["answer"],
        "name_in_the_summary": NAME in summary,
        "name_in_the_answer": NAME in turns[-1]["answer"],
    }
    if options.json:
        print(json.dumps({**report, "rows": rows}))
        return
    print("turn  route  prompt  cached  first word ms  cost $     summaries so far")
    for index, r in enumerate(rows):
        if r["turn"] % EVERY in (0, 1, 2):
            so_far = sum(before["folded"] for before in rows[: index + 1])
            ttft = f"{r['ttft_ms']:.0f}" if r["ttft_ms"] else "–"
            print(
                f"{r['turn']:4}  {r['route']:6} {r['prompt_tokens'] or 0:6}  {r['cached_tokens'] or 0:6}  {ttft:>13}  "
                f"{r['cost_microusd'] / 1e6:.6f}  {so_far:3}"
            )
    for key, value in report.items():
        print(f"{key}: {value}")


if __name__ == "__main__":
    main()
