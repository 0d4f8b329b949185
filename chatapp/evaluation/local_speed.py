"""How fast a GGUF model is on this machine: for choosing a model, a machine or a setting."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from chatapp.backends.base import ChatMessage
from chatapp.evaluation.memory import peak_bytes, resident_bytes
from engine import Ask, Call, Ending, Engine, Piece
from localmodel.errors import ExplainedError

PROMPT_TOKENS, SPOKEN_TOKENS, QUIET_TOKENS = 128, 32, 8


@dataclass(frozen=True, slots=True)
class Streams:
    """Tokens a second of so many answers at once: prompts read, and words said one a step."""

    streams: int
    prefill_tokens_per_s: float
    decode_tokens_per_s: float


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers to questions with their facts, one after the other, each with its fact as the draft. Medians, but where
    the name says otherwise.
    """

    questions: int
    first_word_ms: float
    whole_answer_ms: float
    whole_answer_p95_ms: float
    answer_tokens: float
    passes: float
    accepted_a_pass: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Everything that `firstline bench local` prints."""

    streams: tuple[Streams, ...]
    answers: Answers
    resident_bytes: int
    peak_bytes: int

    def as_json(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Fact:
    """A question as the model is asked it, and the fact that it words."""

    messages: tuple[ChatMessage, ...]
    text: str


def measure(
    engine: Engine, streams: Sequence[int], facts: Sequence[Fact], adapter: Path | None, max_tokens: int
) -> Speed:
    """Measure an engine, which has at least as many streams as the most asked for. Raises EngineError."""
    answers = _answers(engine, facts, adapter, max_tokens)
    rows = tuple(_streams(engine, count, adapter) for count in streams)
    return Speed(rows, answers, resident_bytes(), peak_bytes())


def _answers(engine: Engine, facts: Sequence[Fact], adapter: Path | None, max_tokens: int) -> Answers:
    heard = [_asked(engine, fact, adapter, max_tokens) for fact in (facts[0], *facts)][1:]  # the first one is cold
    whole = sorted(one.whole_ms for one in heard)
    passes = sum(one.call.passes for one in heard)
    return Answers(
        len(heard),
        median(one.first_ms for one in heard),
        median(whole),
        whole[min(len(whole) - 1, int(len(whole) * 0.95))],
        median(one.call.answer_tokens for one in heard),
        median(one.call.passes for one in heard),
        sum(one.call.accepted for one in heard) / max(1, passes),
    )


def _asked(engine: Engine, fact: Fact, adapter: Path | None, max_tokens: int) -> "_Heard":
    source, likely = engine.source(fact.text)
    ask = Ask(engine.tokenize(fact.messages), max_tokens, source, adapter=adapter, likely_tokens=likely)
    return _all_at_once(engine, [ask])[0]


def _streams(engine: Engine, count: int, adapter: Path | None) -> Streams:
    """Random words, so that nothing is warm and no answer is short because of what is asked."""
    rng = random.Random(count)  # noqa: S311 - no secret
    words = list(range(1000, min(engine.vocabulary.llama.n_vocab(), 30_000)))

    def asks(prompt_tokens: int, max_tokens: int) -> list[Ask]:
        return [Ask(tuple(rng.choices(words, k=prompt_tokens)), max_tokens, adapter=adapter) for _ in range(count)]

    began = time.perf_counter()
    _all_at_once(engine, asks(PROMPT_TOKENS, 1))
    prefill_s = time.perf_counter() - began
    heard = _all_at_once(engine, asks(QUIET_TOKENS, SPOKEN_TOKENS))
    decode_s = max(one.last for one in heard) - min(one.first for one in heard)
    said = sum(one.call.answer_tokens for one in heard) - count  # the first of each came with its prompt
    return Streams(count, count * PROMPT_TOKENS / prefill_s, said / decode_s if said > 0 else 0.0)


class _Heard:
    """When an answer began and ended, in seconds of time.perf_counter."""

    call: Call

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.first = self.last = 0.0
        self.error: ExplainedError | None = None
        self.done = threading.Event()

    @property
    def first_ms(self) -> float:
        return (self.first - self.began) * 1000

    @property
    def whole_ms(self) -> float:
        return (self.last - self.began) * 1000

    def heard(self, pieces: Sequence[Piece]) -> None:  # noqa: ARG002 - a listener's signature
        self.first = self.first or time.perf_counter()

    def ended(self, ending: Ending, error: ExplainedError | None) -> None:  # noqa: ARG002 - likewise
        self.last, self.error = time.perf_counter(), error
        self.first = self.first or self.last
        self.done.set()


def _all_at_once(engine: Engine, asks: Sequence[Ask]) -> list["_Heard"]:
    heard = [_Heard() for _ in asks]
    for ask, one in zip(asks, heard, strict=True):
        one.call = engine.submit(ask, one)
    for one in heard:
        one.done.wait()
        if one.error:
            raise one.error
    return heard
