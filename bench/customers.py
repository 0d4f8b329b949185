"""Many customers at once, all answered locally: the engine, the plain way, and llama.cpp's own servers, in one run.

    python -m bench.customers [--customers 1 8 50] [--messages 3] [--server PATH_OF_LLAMA_SERVER] [--json]

Each customer asks a held-out question, reads the whole answer, and asks the next. All are asked with the same prompts,
model, adapter, limit and sampling (greedy), on the same threads. What is measured begins with the prompt and ends with
the last word: no router, store or browser. `python -m bench.speed` and `bench.conversations` measure those.
"""

import argparse
import asyncio
import json
import queue
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.asked import ADAPTER, Asked, held_out, read_all_ahead
from bench.former import TokenByToken
from bench.processes import free_port, local_server, running
from bench.quantiles import quantile
from chatapp.backends.base import Request
from chatapp.backends.local.backend import LocalBackend
from chatapp.settings import Settings
from localmodel.model_file import shipped_model
from localmodel.processors import usable_processors

MAX_TOKENS = 160
LONGEST_S = 900.0
"""Within which the customers of one row must be done."""

Speak = Callable[[Asked], AsyncIterator[str]]
"""The words of one answer, as they come."""


@dataclass(frozen=True, slots=True)
class Waited:
    """One answer: milliseconds to its first word and to its end."""

    first_ms: float
    whole_ms: float
    text: str


@contextmanager
def the_engine() -> Iterator[Speak]:
    """The product's own backend, with its default settings, when it has read the approved texts."""
    backend = LocalBackend(Settings())
    backend.prepare(ADAPTER.resolve())
    read_all_ahead(backend.load())

    async def speak(asked: Asked) -> AsyncIterator[str]:
        request = Request(asked.messages, MAX_TOKENS, adapter=ADAPTER.resolve(), source=asked.fact, alike=asked.alike)
        async for token in backend.stream(request):
            yield token.text

    yield speak
    asyncio.run(backend.aclose())


@contextmanager
def the_plain_way() -> Iterator[Speak]:
    """One answer at a time, one token a step, a thread that takes calls in their order."""
    model = TokenByToken(shipped_model(), ADAPTER.resolve(), usable_processors().threads)
    calls: queue.SimpleQueue[tuple[list[int], Callable[[str | None], object]] | None] = queue.SimpleQueue()

    def work() -> None:
        while call := calls.get():
            for piece in model.answer(call[0], MAX_TOKENS):
                call[1](piece.text)
            call[1](None)

    thread = threading.Thread(target=work)
    thread.start()

    async def speak(asked: Asked) -> AsyncIterator[str]:
        words: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        prompt = model.vocabulary.tokens(model.vocabulary.prompt(asked.messages))
        calls.put((prompt, lambda word: loop.call_soon_threadsafe(words.put_nowait, word)))
        while (word := await words.get()) is not None:
            yield word

    yield speak
    calls.put(None)
    thread.join()
    model.close()


def over_http(url: str) -> Speak:
    """An OpenAI-compatible server."""

    async def speak(asked: Asked) -> AsyncIterator[str]:
        body = {"model": "local", "messages": asked.json, "max_tokens": MAX_TOKENS, "temperature": 0, "stream": True}
        async with (
            httpx.AsyncClient(timeout=LONGEST_S) as client,
            client.stream("POST", f"{url}/chat/completions", json=body) as answer,
        ):
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    for choice in json.loads(line[6:])["choices"]:
                        yield choice["delta"].get("content") or ""

    return speak


@contextmanager
def the_python_server() -> Iterator[Speak]:
    """`python -m llama_cpp.server`, which takes one request after the other."""
    with local_server(adapter=ADAPTER, threads=usable_processors().threads) as served:
        yield over_http(served.url)


@contextmanager
def the_cpp_server(program: Path) -> Iterator[Speak]:
    """llama.cpp's own `llama-server`, with as many slots as the engine has streams."""
    port, threads, streams = free_port(), str(usable_processors().threads), Settings().local_streams
    command = [str(program), "-m", str(shipped_model()), "--lora", str(ADAPTER), "--port", str(port), "--jinja"]
    command += ["-t", threads, "-tb", threads, "-np", str(streams), "-c", str(512 * streams), "--no-webui"]
    with running(command, {}, f"http://127.0.0.1:{port}/health"):
        yield over_http(f"http://127.0.0.1:{port}/v1")


async def customer(speak: Speak, questions: Sequence[Asked]) -> list[Waited]:
    """One customer: the next question when the last answer is whole."""
    waited = []
    for asked in questions:
        began, first, said = time.perf_counter(), 0.0, ""
        async for word in speak(asked):
            if word and not first:
                first = time.perf_counter()
            said += word
        ended = time.perf_counter()
        waited.append(Waited(((first or ended) - began) * 1000, (ended - began) * 1000, said))
    return waited


async def crowd(speak: Speak, questions: Sequence[Asked], customers: int, messages: int) -> tuple[list[Waited], float]:
    """All customers at once: what each waited, and the seconds until the last was done."""
    began = time.perf_counter()
    each = [
        customer(speak, [questions[(at * messages + n) % len(questions)] for n in range(messages)])
        for at in range(customers)
    ]
    waited = await asyncio.wait_for(asyncio.gather(*each), LONGEST_S)
    return [one for some in waited for one in some], time.perf_counter() - began


def row(speak: Speak, questions: Sequence[Asked], customers: int, messages: int) -> dict[str, Any]:
    """The figures of one crowd; of one that is not done in time that it is not."""
    try:
        waited, seconds = asyncio.run(crowd(speak, questions, customers, messages))
    except TimeoutError:
        return {"customers": customers, "not_done_within_s": LONGEST_S}
    first, whole = [one.first_ms for one in waited], [one.whole_ms for one in waited]
    return {
        "customers": customers,
        "answers": len(waited),
        "answers_per_s": len(waited) / seconds,
        "first_p50_ms": quantile(first, 0.5),
        "first_p95_ms": quantile(first, 0.95),
        "whole_p50_ms": quantile(whole, 0.5),
        "whole_p95_ms": quantile(whole, 0.95),
        "longest_ms": max(whole),
        "empty": sum(not one.text.strip() for one in waited),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=[1, 8, 50])
    parser.add_argument("--messages", type=int, default=3)
    parser.add_argument("--server", type=Path, help="a llama-server program, for three more rows")
    parser.add_argument("--only", nargs="+", default=[], help="names of the ways to measure")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ways: dict[str, Callable[[], AbstractContextManager[Speak]]] = {
        "engine": the_engine,
        "plain": the_plain_way,
        "llama_cpp.server": the_python_server,
    }
    if options.server:
        ways["llama-server"] = lambda: the_cpp_server(options.server)
    questions, table = held_out(), []
    for customers in options.customers:
        for name, way in ways.items():
            if options.only and name not in options.only:
                continue
            with way() as speak:
                asyncio.run(customer(speak, questions[:2]))  # the first prompts are cold
                figures = {"way": name, **row(speak, questions, customers, options.messages)}
            table.append(figures)
            said = "  ".join(f"{k} {v:.1f}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items())
            print(said, file=sys.stderr if options.json else sys.stdout)
    if options.json:
        print(json.dumps(table))


if __name__ == "__main__":
    main()
