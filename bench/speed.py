"""How fast the product is, compared in one run with the bare llama-cpp-python loop on the same prompts and adapter.

    python -m bench.speed [--json]

Whole turns go over the product's WebSocket; the bare loop answers the same prompts in this process, alternating,
so that a busy machine slows both alike. Medians, and ratios of them.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from bench.client import Client, say
from bench.processes import Served, firstline
from chatapp.turn.prompts import local_messages
from localmodel.adapter import FORM_KEY, read_metadata
from localmodel.model_file import shipped_model
from router.pack.load import load_pack
from router.router import Router

QUESTIONS = (
    "How many days do I have to send something back?",
    "How long does the refund take?",
    "Do you ship to Norway?",
    "What does standard delivery cost?",
    "How do I reset my password?",
    "Can I pick up my order in a store?",
    "Where are your stores?",
    "How long is the warranty?",
    "Do my points expire?",
    "Can I wash my down sleeping bag?",
    "Is the Squall jacket waterproof?",
    "How do I cancel my order?",
)
PACK = Path("packs/support")
ROUNDS = 2
BUSY_PERCENT = 10.0
"""Of one processor, above which the product is at work."""


def routing(data_dir: Path) -> dict[str, float]:
    """Milliseconds of one decision, over the held-out messages, after a warm-up."""
    router = Router.open(PACK, data_dir / "router")
    texts = [json.loads(line)["text"] for line in (PACK / "eval" / "messages.jsonl").read_text().splitlines()]
    for text in texts[:20]:
        router.decide(text)
    times = sorted(router.decide(text).elapsed_ms for text in texts)
    return {"p50_ms": times[len(times) // 2], "p95_ms": times[int(len(times) * 0.95)], "n": len(times)}


class Bare:
    """The library's own loop over the model and adapter that serve: chat template, prompt, stream of words."""

    def __init__(self) -> None:
        import llama_cpp

        adapter = PACK / "adapter.gguf"
        self._form = read_metadata(adapter)[FORM_KEY]
        self._persona = load_pack(PACK).persona
        self._llama = llama_cpp.Llama(
            str(shipped_model()), lora_path=str(adapter), n_ctx=2048, n_threads=psutil.cpu_count(), verbose=False
        )

    def answer(self, fact: str, question: str) -> dict[str, float]:
        """Tokens, and milliseconds to the first and to the last of them."""
        said = local_messages(self._persona, fact, question, self._form)
        messages = [{"role": m.role, "content": m.content} for m in said]
        began, first, tokens = time.perf_counter(), 0.0, 0
        stream: Any = self._llama.create_chat_completion(messages, stream=True, temperature=0.0, max_tokens=160)  # type: ignore[arg-type]
        for chunk in stream:
            if chunk["choices"][0]["delta"].get("content"):
                tokens += 1
                first = first or (time.perf_counter() - began) * 1000
        return {"tokens": tokens, "ttft_ms": first, "total_ms": (time.perf_counter() - began) * 1000}


async def turn(client: Client, question: str) -> dict[str, Any]:
    """One question in a conversation of its own: its end, its call, and the milliseconds the client waited."""
    conversation = client.create()
    async with client.socket(conversation) as socket:
        began = time.perf_counter()
        told = await say(socket, question)
        waited_ms = (time.perf_counter() - began) * 1000
    calls = client.http.get(f"/api/conversations/{conversation}").json()["turns"][0]["calls"]
    return {**told[-1], "waited_ms": waited_ms, "call": calls[0] if calls else None}


def settled(product: Served) -> None:
    """Wait until the product, which reads its texts ahead while nobody asks, does nothing any more."""
    process = psutil.Process(product.pid)
    process.cpu_percent()
    while process.cpu_percent(interval=2.0) > BUSY_PERCENT:
        pass


def streaming(product: Served) -> dict[str, Any]:
    """Whole turns over the socket and answers of the bare loop, and the first word cold and warm.

    A turn counts from sending to the stored answer: routing, prompt, guards and commits included.
    """
    client, bare = Client(product.url), Bare()
    cold = asyncio.run(turn(client, "What is your phone number?"))
    settled(product)
    pairs = []
    for question in QUESTIONS * ROUNDS:
        ours = asyncio.run(turn(client, question))
        fact = ours["sources"][0]["text"] if ours["sources"] else ""
        theirs = bare.answer(fact, question)
        if (
            ours["call"]
            and ours["route"] == "local"
            and ours["call"]["outcome"] == "ok"
            and ours["call"]["output_tokens"] > 8
        ):
            pairs.append((ours, theirs))
    client.close()
    pairs = pairs[1:]  # the bare loop's first prompt is cold
    socket_rate = statistics.median(o["call"]["output_tokens"] / o["waited_ms"] * 1000 for o, _ in pairs)
    bare_rate = statistics.median(t["tokens"] / t["total_ms"] * 1000 for _, t in pairs)
    ratio = statistics.median(
        (o["call"]["output_tokens"] / o["waited_ms"]) / (t["tokens"] / t["total_ms"]) for o, t in pairs
    )
    return {
        "pairs": len(pairs),
        "socket_tokens_per_s": socket_rate,
        "bare_tokens_per_s": bare_rate,
        "whole_turn_ratio": ratio,
        "first_token_cold_ms": cold["call"]["ttft_ms"],
        "first_token_warm_ms": statistics.median(o["call"]["ttft_ms"] for o, _ in pairs),
        "bare_first_token_warm_ms": statistics.median(t["ttft_ms"] for _, t in pairs),
        "first_word_shown_warm_ms": statistics.median(o["ttft_ms"] for o, _ in pairs),
        "turn_ms": statistics.median(o["waited_ms"] for o, _ in pairs),
        "bare_answer_ms": statistics.median(t["total_ms"] for _, t in pairs),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data-dir", type=Path, default=Path(tempfile.gettempdir()) / "firstline-bench")
    options = parser.parse_args()
    with firstline(options.data_dir) as first:  # makes the encoder and the router, where they are not there yet
        first_start_s = first.started_s
    with firstline(options.data_dir) as product:
        report: dict[str, Any] = {
            "start_s": product.started_s,
            "this_run's_first_start_s": first_start_s,
            **streaming(product),
            "resident_mb": psutil.Process(product.pid).memory_info().rss / 2**20,
        }
    report |= {f"route_{name}": value for name, value in routing(options.data_dir).items()}
    if options.json:
        print(json.dumps(report))
        return
    for name, value in report.items():
        print(f"{name:26} {value:10.3f}" if isinstance(value, float) else f"{name:26} {value:10}")


if __name__ == "__main__":
    main()
