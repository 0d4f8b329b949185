"""No answer sees another: the logits behind every token that was said, whatever came between, beside a run alone."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Ask, Call, Ending, EngineOptions, Sampling
from engine.runtime import Entry, Logits, Runtime
from engine.scheduler import Scheduler
from localmodel.unpacked import Weights
from localmodel.vocabulary import Vocabulary
from tests.engine.listeners import Heard
from tests.tiny_model import TOKENS

TOLERANCE = 0.1
"""Of a logit. They are some units wide, and one foreign token moves one by more than a unit; batches of another size,
which add up in another order over a cache of 16 bits, by up to 0.04.
"""

OPTIONS = EngineOptions(context_tokens=256, streams=4, cache_tokens=600, batch_tokens=48, draft_tokens=16, threads=1)


def over(model: Path) -> Callable[[Path | None], Weights]:
    """Adapters laid over the model itself."""
    return lambda adapter: Weights(model, adapter)


class Recording(Runtime):
    """Keeps the logits that a token was chosen by: (sequence, position) of the last batch."""

    def decode(self, entries: Sequence[Entry]) -> None:
        self.entries, self.seen = entries, dict[tuple[int, int], Logits]()
        super().decode(entries)

    def logits(self, index: int) -> Logits:
        row = super().logits(index)
        _, position, sequence, _ = self.entries[index]
        self.seen[sequence, position] = row.copy()
        return row


class Watched(Scheduler):
    """Knows whose each sequence is in the step that is being evaluated."""

    def _begin(self, call: Call) -> None:
        super()._begin(call)
        self.owners = getattr(self, "owners", {}) | {self.running[-1].sequence: call}


class Story:
    """A desk over a real context, with random calls that come, go and are cancelled."""

    def __init__(self, model: Path, adapters: Sequence[Path | None], seed: int) -> None:
        self.rng = random.Random(seed)
        self.adapters = adapters
        self.runtime = Recording(model, OPTIONS, over(model))
        self.vocabulary = Vocabulary.open(model)
        self.scheduler = Watched(self.runtime, self.vocabulary, OPTIONS)
        self.calls: list[Call] = []
        self.rows: dict[int, dict[int, Logits]] = {}
        self.steps = 0

    def close(self) -> None:
        self.runtime.close()
        self.vocabulary.close()

    def drawn(self) -> Call:
        rng = self.rng
        persona = range(100, 100 + rng.choice((0, 12, 30)))
        prompt = (*persona, *(rng.randrange(3, TOKENS) for _ in range(rng.randint(1, 60))))
        sampling = Sampling() if rng.random() < 0.8 else Sampling(0.8, seed=rng.randrange(99), repeat_penalty=1.2)
        said = [one for one in self.calls if len(heard(one).tokens) > 2]
        if said and rng.random() < 0.5:  # asked again, with the answer of before as the draft
            earlier = rng.choice(said)
            ask = replace(earlier.ask, source=tuple(heard(earlier).tokens), max_tokens=rng.randint(4, 24))
        else:
            marks = (len(persona),) if persona else ()
            adapter = rng.choice(self.adapters)
            ask = Ask(prompt, rng.randint(1, 24), prompt, sampling, adapter=adapter, marks=marks)
        return Call(ask, Heard())

    def step(self) -> None:
        self.runtime.seen = {}
        self.scheduler.step()
        self.steps += 1
        for (sequence, position), row in self.runtime.seen.items():
            self.rows.setdefault(id(self.scheduler.owners[sequence]), {})[position] = row


def heard(call: Call) -> Heard:
    assert isinstance(call.listener, Heard)
    return call.listener


def rows_alone(runtime: Runtime, tokens: Sequence[int], adapter: Path | None) -> list[Logits]:
    """The logits after each token of a fresh sequence, one token a step."""
    runtime.cut(0, 0)
    runtime.use(adapter)
    rows = []
    for position, token in enumerate(tokens):
        runtime.decode([Entry(token, position, 0, True)])
        rows.append(runtime.logits(0).copy())
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_between_the_logits_are_those_of_a_run_alone(
    seed: int, tiny_model: Path, tiny_adapters: tuple[Path, Path]
) -> None:
    story = Story(tiny_model, (None, *tiny_adapters), seed)
    alone = Runtime(tiny_model, OPTIONS, over(tiny_model))
    while len(story.calls) < 40 or story.scheduler.busy:
        if len(story.calls) < 40 and story.rng.random() < 0.4:
            story.calls.append(story.drawn())
            story.scheduler.join(story.calls[-1])
        if story.calls and story.rng.random() < 0.08:
            story.rng.choice(story.calls).cancelled = True
        story.step()
    compared, widest = 0, 0.0
    for call in story.calls:
        tokens = [*call.ask.prompt, *heard(call).tokens]
        expected = rows_alone(alone, tokens, call.ask.adapter)
        for position, row in story.rows.get(id(call), {}).items():
            widest = max(widest, float(np.abs(row - expected[position]).max()))
            compared += 1
    story.close()
    alone.close()
    assert compared > 200
    assert widest < TOLERANCE, f"seed {seed}: {widest} over {compared} tokens in {story.steps} steps"
    assert any(heard(call).ending is Ending.CANCELLED for call in story.calls)
    assert any(call.accepted for call in story.calls)
    assert any(call.warm_tokens for call in story.calls)
