"""How the next token is chosen."""

from collections import Counter

import numpy as np
import pytest

from engine import Ask, Call, EngineOptions, Sampling
from engine.sampler import Sampler, log_probability
from engine.scheduler import Scheduler
from tests.engine.fake_runtime import SIZE, VOCABULARY, FakeRuntime
from tests.engine.listeners import Heard

FLAT = EngineOptions(context_tokens=128, streams=3, cache_tokens=512, batch_tokens=32)


class Undecided(FakeRuntime):
    """Its next token depends on all that it saw, and many are likely."""

    def logits(self, index: int) -> np.ndarray:  # type: ignore[type-arg]
        seed = abs(hash((tuple(self._after[index]), self.adapter))) % 2**32
        return np.random.default_rng(seed).normal(0, 1, SIZE).astype(np.float32)


def said(sampling: Sampling, source: tuple[int, ...] = ()) -> tuple[list[int], Call]:
    scheduler = Scheduler(Undecided(FLAT.cells, FLAT.batch_tokens, FLAT.sequences), VOCABULARY, FLAT)  # type: ignore[arg-type]
    call = Call(Ask((3, 1, 4), 40, source, sampling), Heard())
    scheduler.join(call)
    while scheduler.busy:
        scheduler.step()
    assert isinstance(call.listener, Heard)
    return call.listener.tokens, call


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.5])
@pytest.mark.parametrize("penalty", [1.0, 1.4])
def test_a_draft_changes_no_token_whatever_the_sampling(seed: int, temperature: float, penalty: float) -> None:
    sampling = Sampling(temperature, seed=seed, repeat_penalty=penalty)
    plain, slow = said(sampling)
    wrong = tuple(token if at % 7 else 5 for at, token in enumerate(plain))
    for source in (tuple(plain), wrong, tuple(plain[2:]), (9, *plain)):
        drafted, quick = said(sampling, source)
        assert drafted == plain
        assert quick.accepted > 0 or len(plain) < 4
        assert quick.passes <= slow.passes


def test_what_is_drawn_is_as_likely_as_the_model_says() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    sampler = Sampler(Sampling(1.0, seed=7, top_k=0, top_p=1.0, min_p=0.0), 4)
    drawn = Counter(sampler.choose(logits)[0] for _ in range(4000))
    assert [drawn[token] / 4000 for token in range(4)] == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)
    sampler.close()
    sampler.close()


def test_what_is_unlikely_is_left_out() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    for sampling, left in (
        (Sampling(1.0, top_k=1), {0}),
        (Sampling(1.0, top_k=2, top_p=1.0, min_p=0.0), {0, 1}),
        (Sampling(1.0, top_k=0, top_p=0.75, min_p=0.0), {0, 1}),
        (Sampling(1.0, top_k=0, top_p=1.0, min_p=0.2), {0, 1, 2}),
    ):
        sampler = Sampler(sampling, 4)
        assert {sampler.choose(logits)[0] for _ in range(300)} == left
        sampler.close()


def test_a_penalty_moves_on_from_what_was_said() -> None:
    logits = np.array([2.0, 1.9, 1.0, 0.0], np.float32)
    sampler = Sampler(Sampling(repeat_penalty=1.5), 4)
    assert [sampler.choose(logits)[0] for _ in range(3)] == [0, 1, 0]
    sampler.close()


def test_the_probability_is_the_models_own() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.2], np.float32)) + 3
    assert np.exp(log_probability(logits, 1, 0)) == pytest.approx(0.3, rel=1e-5)
    token, logprob = Sampler(Sampling(5.0, seed=1), 3).choose(logits)
    assert np.exp(logprob) == pytest.approx([0.5, 0.3, 0.2][token], rel=1e-5)
