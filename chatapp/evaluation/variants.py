"""One variant of a model, measured in a process of its own: its answers, its speed and its memory."""

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from statistics import median

from chatapp.backends.base import ChatMessage
from chatapp.backends.local.faults import as_operators_error
from chatapp.evaluation.memory import peak_bytes, resident_bytes
from chatapp.settings import Settings
from finetune.judging.variants import Variant
from router.types import Mode

Prompt = tuple[ChatMessage, ...]
_TIMED_TOKENS = 8  # of an answer, at least, for its speed to count


@dataclass(frozen=True, slots=True)
class Spoken:
    """Answers to the prompts, in order. Times are medians over them; `resident_bytes` is the peak."""

    answers: tuple[str, ...]
    first_token_ms: float
    tokens_per_s: float
    resident_bytes: int


def speak(settings: Settings, variant: Variant, prompts: Sequence[Prompt], max_tokens: int) -> Spoken:
    """Answer every prompt at temperature 0. Errors of the process pass through, ModelFileError above all.

    Local-only mode forbids starting programs, so there this process answers, and the memory figure is its growth: some
    60 MB of Python less than elsewhere. A fork is no way out: OpenMP's threads would be missing in it, and waited for.
    """
    _prepare(settings, variant)
    if settings.mode is Mode.LOCAL_ONLY:
        return _speak(settings, variant, list(prompts), max_tokens, alone=False)
    spawn = multiprocessing.get_context("spawn")  # a fork would begin with this process's memory
    with ProcessPoolExecutor(1, spawn) as pool:
        return pool.submit(_speak, settings, variant, list(prompts), max_tokens, alone=True).result()


def _prepare(settings: Settings, variant: Variant) -> None:
    """Make the weights that it is served with, so that the figures are not those of making them."""
    if variant.adapter:
        from chatapp.backends.local.backend import engine_options
        from engine import Engine

        with as_operators_error():
            engine = Engine(variant.model, engine_options(settings))
            try:
                engine.prepare(variant.adapter)
            finally:
                engine.close()


def _speak(settings: Settings, variant: Variant, prompts: list[Prompt], max_tokens: int, *, alone: bool) -> Spoken:
    from tqdm import tqdm

    from chatapp.backends.local.backend import engine_options
    from engine import Ask, Engine

    before = 0 if alone else resident_bytes()
    options = replace(engine_options(settings), streams=1)
    with as_operators_error():
        engine = Engine(variant.model, options)
        if variant.adapter:
            engine.prepare(variant.adapter)
    answers, firsts, speeds = [], [], []
    for prompt in tqdm(prompts, leave=False):
        ask = Ask(engine.tokenize(prompt), max_tokens, adapter=variant.adapter)
        began = time.perf_counter()
        said: list[str] = []
        first = began
        for piece in engine.answer(ask):
            first = first if said else time.perf_counter()
            said.append(piece.text)
        firsts.append(1000 * (first - began))
        if len(said) > _TIMED_TOKENS:
            speeds.append((len(said) - 1) / (time.perf_counter() - first))
        answers.append("".join(said).strip())
    used = peak_bytes() if alone else max(0, resident_bytes() - before)
    engine.close()
    return Spoken(tuple(answers), median(firsts), median(speeds) if speeds else 0.0, used)
