"""How long a whole local answer takes beside busy processes and under a CPU quota, by how long it takes alone.

    python -m bench.neighbours [--limit-s 180] [--json]

Beside 0, 1, 2 and 4 endless loops, and under a quota of half the processors, the local backend answers held-out
questions of the support pack with their right facts, in two arrangements by turns: as it is now, and the former way,
with a thread for each processor and libgomp's own spinning. Each answer is divided by the median time of the same
question in the same arrangement alone; the table has medians of these ratios. An answer is cut after some seconds:
where the median was cut, the ratio is a lower bound and marked so.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, median_high
from typing import Any

from bench.asked import ADAPTER, held_out
from bench.quota import join, quota_group, stopped_beyond
from chatapp.backends.base import Request
from chatapp.backends.local.backend import LocalBackend
from chatapp.settings import Settings
from localmodel.processors import usable_processors

LOOPS = (0, 1, 2, 4)
ROUNDS = 2
QUESTIONS = 8
VISIT_S = 5.0
"""No further question of a visit is asked after so long."""
LONGEST_S = 20.0
"""After which an answer is cut."""
NOW, FORMER, ALONE = "now", "former", "alone"
_LIBGOMP_SPINS = "300000"  # where neither GOMP_SPINCOUNT nor OMP_WAIT_POLICY is set
_LOOP = "import sys, time\nend = time.monotonic() + float(sys.argv[1])\nwhile time.monotonic() < end: pass"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer in one arrangement under one circumstance; `whole` unless it was cut after `ms`."""

    arrangement: str
    circumstance: str
    question: int
    ms: float
    tokens: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """Medians of the answers of one arrangement under one circumstance; with `cut` they are lower bounds."""

    arrangement: str
    circumstance: str
    answers: int
    ms: float
    ratio: float
    cut: bool


def cells(answers: Sequence[Answer]) -> list[Cell]:
    """One for each arrangement and circumstance that has answers, in the order of the first of them."""
    keys = dict.fromkeys((answer.arrangement, answer.circumstance) for answer in answers)
    return [_cell(answers, *key) for key in keys]


def _cell(answers: Sequence[Answer], arrangement: str, circumstance: str) -> Cell:
    own = [a for a in answers if (a.arrangement, a.circumstance) == (arrangement, circumstance)]
    alone: dict[int, list[float]] = {}
    for answer in answers:
        if (answer.arrangement, answer.circumstance) == (arrangement, ALONE):
            alone.setdefault(answer.question, []).append(answer.ms)
    ratios = [(a.ms / median(alone[a.question]), not a.whole) for a in own if a.question in alone]
    ratio, cut = median_high(ratios) if ratios else (float("nan"), False)
    return Cell(arrangement, circumstance, len(own), median(a.ms for a in own), ratio, cut)


def table(found: Iterable[Cell]) -> list[str]:
    """A line for each circumstance; a ratio that is a lower bound has a `>`."""
    by_name: dict[str, dict[str, Cell]] = {}
    for cell in found:
        by_name.setdefault(cell.circumstance, {})[cell.arrangement] = cell
    head = f"{'':24s} {'now':>10s} {'of alone':>9s} {'former':>10s} {'of alone':>9s} {'answers':>8s}"
    return [head, *(_line(name, row) for name, row in by_name.items())]


def _line(name: str, row: Mapping[str, Cell]) -> str:
    line, counts = f"{name:24s}", []
    for arrangement in (NOW, FORMER):
        cell = row.get(arrangement)
        bound = ">" if cell and cell.cut else ""
        line += (
            f" {f'{bound}{cell.ms:,.0f} ms':>10s} {f'{bound}{cell.ratio:.2f}':>9s}"
            if cell
            else f" {'–':>10s} {'–':>9s}"
        )
        counts.append(str(cell.answers if cell else 0))
    return f"{line} {'+'.join(counts):>8s}"


def requests() -> list[Request]:
    """Held-out questions of facts that the model words, each with its right fact, with the pack's own adapter."""
    settings = Settings()
    return [
        Request(
            asked.messages,
            settings.local_max_tokens,
            settings.local_temperature,
            settings.local_seed,
            ADAPTER,
            asked.fact,
            asked.alike,
        )
        for asked in held_out(QUESTIONS)
    ]


class Answerer:
    """The local backend in a process of its own, which answers one question at a time."""

    def __init__(self, arrangement: str, environment: Mapping[str, str], group: Path | None = None) -> None:
        self.arrangement = arrangement
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_", "FIRSTLINE_"))}
        command = [sys.executable, "-m", "bench.neighbours", "--answer"]
        command += ["--group", str(group)] if group else []
        self.process = subprocess.Popen(
            command, env={**kept, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, question: int, circumstance: str) -> Answer:
        """Raises RuntimeError where the process has ended."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{question}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"The process that answers has ended with code {self.process.wait()}.")
        return Answer(self.arrangement, circumstance, question, **json.loads(line))

    def visit(self, circumstance: str) -> Iterator[Answer]:
        """Answers to the questions in order, as many as begin within VISIT_S; at least one."""
        ends = time.monotonic() + VISIT_S
        for question in range(QUESTIONS):
            yield self.ask(question, circumstance)
            if time.monotonic() > ends:
                return

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


async def answer() -> None:
    """Answer the questions whose numbers are read, a line each, and print time and tokens of each answer."""
    backend, asked = LocalBackend(Settings()), requests()
    await asyncio.to_thread(backend.load)
    for line in iter(sys.stdin.readline, ""):
        stream, began, tokens, whole = backend.stream(asked[int(line)]), time.perf_counter(), 0, True
        try:
            async with asyncio.timeout(LONGEST_S):
                async for _ in stream:
                    tokens += 1
        except TimeoutError:
            whole = False
        took = (time.perf_counter() - began) * 1000
        print(json.dumps({"ms": round(took, 1), "tokens": tokens, "whole": whole}), flush=True)
    await backend.aclose()


@contextmanager
def loops(count: int) -> Iterator[None]:
    """So many processes that never rest; they end with the context, and by themselves should this process die."""
    command = [sys.executable, "-c", _LOOP, str(2 * (VISIT_S + LONGEST_S) + 10)]
    running = [subprocess.Popen(command) for _ in range(count)]
    try:
        time.sleep(0.3 if count else 0)
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def measure(limit_s: float) -> tuple[list[Answer], str]:
    """The answers, and how the quota was made. No visit begins after `limit_s`."""
    usable, ends = usable_processors(), time.monotonic() + limit_s
    share = usable.affinity / 2
    former = {"GOMP_SPINCOUNT": _LIBGOMP_SPINS, "FIRSTLINE_LOCAL_THREADS": str(usable.affinity)}
    with ExitStack() as stack:
        group = stack.enter_context(quota_group(share))
        few = {} if group else {"FIRSTLINE_LOCAL_THREADS": str(max(1, int(share + 0.5)))}  # no group tells it
        free = [Answerer(NOW, {}), Answerer(FORMER, former)]
        bound = [Answerer(NOW, few, group), Answerer(FORMER, former, group)]
        for answerer in (*free, *bound):
            stack.callback(answerer.close)
        for answerer in (*free, *bound):
            answerer.ask(0, "")  # loads the model and reads the common beginning of all prompts
        answers: list[Answer] = []
        for _ in range(ROUNDS):
            for count in LOOPS:
                name = f"beside {count} busy" if count else ALONE
                for answerer in free if time.monotonic() < ends else ():
                    with loops(count):
                        answers += answerer.visit(name)
            for answerer in bound if time.monotonic() < ends else ():
                with nullcontext() if group else stopped_beyond(answerer.process.pid, share):
                    answers += answerer.visit(f"quota of {share:g} of {usable.affinity}")
    how = "a control group" if group else "stopping the process when its time of each 100 ms is used up"
    return answers, how


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit-s", type=float, default=180)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--answer", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--group", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.group:
        join(options.group)
    if options.answer:
        asyncio.run(answer())
        return
    answers, how = measure(options.limit_s)
    found = cells(answers)
    report: dict[str, Any] = {"processors": usable_processors().why, "quota by": how}
    if options.json:
        print(json.dumps(report | {"cells": [asdict(cell) for cell in found]}))
        return
    print("\n".join([*(f"{name}: {value}" for name, value in report.items()), "", *table(found)]))


if __name__ == "__main__":
    main()
