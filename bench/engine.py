"""A whole local answer for one customer: the engine with drafts from the source, beside one token a step.

    python -m bench.engine [--questions 60] [--rounds 1] [--packed] [--cold] [--json]

Both answer the same held-out questions with the same model, adapter, prompts and threads, greedily, by turns, each in a
process of its own: the waiting threads of one would be in the other's way. The engine has read the approved texts, as
a server does after its start; with --cold it has not. Prints times, what the drafts did, and every answer that differs,
with the support guard's verdict on both.
"""

import argparse
import json
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.asked import ADAPTER, Asked, held_out, read_all_ahead
from bench.former import TokenByToken
from bench.quantiles import quantile
from chatapp.guards.support.support import SupportGuard
from engine import Ask, Engine, EngineOptions, Piece
from language.english import ENGLISH
from localmodel.model_file import shipped_model
from localmodel.processors import usable_processors

MAX_TOKENS = 160


@dataclass(frozen=True, slots=True)
class Row:
    """One question, answered both ways. Times in milliseconds."""

    question: str
    former_ms: float
    former_first_ms: float
    former_text: str
    engine_ms: float
    engine_first_ms: float
    engine_text: str
    answer_tokens: int
    prompt_tokens: int
    warm_tokens: int
    passes: int
    drafted: int
    accepted: int
    former_supported: bool
    engine_supported: bool


def timed(pieces: Iterable[Piece]) -> tuple[str, float, float]:
    """The text, and milliseconds to its first and its last token."""
    began, first, said = time.perf_counter(), 0.0, ""
    for piece in pieces:
        first = first or (time.perf_counter() - began) * 1000
        said += piece.text
    return said, first, (time.perf_counter() - began) * 1000


def supported(asked: Asked, answer: str) -> bool:
    """Whether the guard would show all of the answer."""
    guard = SupportGuard(asked.fact, asked.question, language=ENGLISH)
    guard.feed(answer)
    guard.finish()
    return guard.verdict.ok


class Timing:
    """Notes when an answer begins and ends."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.began = time.perf_counter()
        self.first_at = self.ended_at = 0.0
        self.text = ""

    def heard(self, pieces: Any) -> None:
        """More of the answer."""
        self.first_at = self.first_at or time.perf_counter()
        self.text += "".join(piece.text for piece in pieces)

    def ended(self, _ending: object, error: Exception | None) -> None:
        """Its end."""
        self.ended_at = time.perf_counter()
        self.first_at = self.first_at or self.ended_at
        self.done.set()
        if error:
            raise error


def former(asking: Connection, threads: int) -> None:
    """The plain way, in a process of its own: takes prompts, and gives `timed` of each answer."""
    model = TokenByToken(shipped_model(), ADAPTER.resolve(), threads)
    while prompt := asking.recv():
        asking.send(timed(model.answer(prompt, MAX_TOKENS)))
    model.close()


class Both:
    """The two ways."""

    def __init__(self, draft_tokens: int, weights: Path | None, *, cold: bool) -> None:
        threads, adapter = usable_processors().threads, ADAPTER.resolve()
        self._adapter = adapter
        spawn = multiprocessing.get_context("spawn")
        self._former, theirs = spawn.Pipe()
        self._process = spawn.Process(target=former, args=(theirs, threads), daemon=True)
        self._process.start()
        options = EngineOptions(draft_tokens=draft_tokens, threads=threads, unpack_folder=weights)
        self._engine = Engine(shipped_model(), options)
        self._engine.prepare(adapter)
        if not cold:
            read_all_ahead(self._engine)

    def row(self, asked: Asked) -> Row:
        """One question, first the former way, then with the engine."""
        prompt = self._engine.tokenize(asked.messages)
        self._former.send(prompt)
        plain, former_first, former_ms = self._former.recv()
        marks = self._engine.marks(prompt, asked.alike)
        source, likely = self._engine.source(asked.fact)
        ask = Ask(prompt, MAX_TOKENS, source, adapter=self._adapter, marks=marks, likely_tokens=likely)
        listener = Timing()
        call = self._engine.submit(ask, listener)
        listener.done.wait()
        return Row(
            asked.question,
            former_ms,
            former_first,
            plain,
            (listener.ended_at - listener.began) * 1000,
            (listener.first_at - listener.began) * 1000,
            listener.text,
            call.answer_tokens,
            call.prompt_tokens,
            call.warm_tokens,
            call.passes,
            call.drafted,
            call.accepted,
            supported(asked, plain),
            supported(asked, listener.text),
        )

    def close(self) -> None:
        """Free both."""
        self._former.send(None)
        self._process.join()
        self._engine.close()


def measured(questions: int, rounds: int, draft_tokens: int, weights: Path | None, *, cold: bool) -> list[Row]:
    """A row a question and round, after one question that warms both."""
    both, asked = Both(draft_tokens, weights, cold=cold), held_out(questions)
    try:
        both.row(asked[0])
        return [both.row(each) for _ in range(rounds) for each in asked]
    finally:
        both.close()


def report(rows: list[Row]) -> dict[str, Any]:
    """Figures of all rows."""
    former, engine = [row.former_ms for row in rows], [row.engine_ms for row in rows]
    differ = [row for row in rows if row.former_text != row.engine_text]
    return {
        "answers": len(rows),
        "former_p50_ms": quantile(former, 0.5),
        "former_p95_ms": quantile(former, 0.95),
        "engine_p50_ms": quantile(engine, 0.5),
        "engine_p95_ms": quantile(engine, 0.95),
        "ratio_of_medians": quantile(engine, 0.5) / quantile(former, 0.5),
        "median_of_ratios": quantile([row.engine_ms / row.former_ms for row in rows], 0.5),
        "former_first_p50_ms": quantile([row.former_first_ms for row in rows], 0.5),
        "engine_first_p50_ms": quantile([row.engine_first_ms for row in rows], 0.5),
        "prompt_tokens_p50": quantile([row.prompt_tokens for row in rows], 0.5),
        "warm_tokens_p50": quantile([row.warm_tokens for row in rows], 0.5),
        "answer_tokens_mean": sum(row.answer_tokens for row in rows) / len(rows),
        "passes_median": quantile([row.passes for row in rows], 0.5),
        "passes_mean": sum(row.passes for row in rows) / len(rows),
        "accepted_a_pass": sum(row.accepted for row in rows) / sum(row.passes for row in rows),
        "drafted_in_vain": 1 - sum(row.accepted for row in rows) / max(1, sum(row.drafted for row in rows)),
        "identical": len(rows) - len(differ),
        "verdict_changes": sum(row.former_supported != row.engine_supported for row in rows),
        "differences": [
            {"question": row.question, "former": row.former_text, "engine": row.engine_text} for row in differ
        ],
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--draft", type=int, default=EngineOptions().draft_tokens)
    parser.add_argument("--packed", action="store_true", help="compute with the very weights of the plain loop")
    parser.add_argument("--cold", action="store_true", help="without having read the texts ahead")
    parser.add_argument("--rows", action="store_true", help="every row too, with --json")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    weights = None if options.packed else Path(tempfile.gettempdir()) / "firstline-bench" / "weights"
    rows = measured(options.questions, options.rounds, options.draft, weights, cold=options.cold)
    figures = report(rows)
    if options.json:
        print(json.dumps(figures | ({"rows": [asdict(row) for row in rows]} if options.rows else {})))
        return
    for name, value in figures.items():
        if name != "differences":
            print(f"{name:22} {value:10.3f}" if isinstance(value, float) else f"{name:22} {value:10}")
    for each in figures["differences"]:
        print(f"\n? {each['question']}\n  former: {each['former']}\n  engine: {each['engine']}")


if __name__ == "__main__":
    main()
