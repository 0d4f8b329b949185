"""Traffic that is like the calibration messages gives no alarm; traffic that is not does, and says which is strange."""

import numpy as np
import pytest
from numpy.typing import NDArray

from router.model.drift import LEAST, MOST, two_sample


def around(centre: int, count: int, seed: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, 16))
    vectors[:, centre] += 3
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_source_gives_no_alarm(seed: int) -> None:
    drift = two_sample(around(0, 300, seed), around(0, 200, seed + 100))
    assert drift is not None
    assert not drift.differs
    assert (drift.n, drift.told_apart) == (400, pytest.approx(0.5, abs=0.1))


def test_another_source_does_and_its_strangest_come_first() -> None:
    strange = np.concatenate([around(0, 100, 1), around(1, 100, 2)])
    drift = two_sample(around(0, 300, 3), strange)
    assert drift is not None
    assert drift.differs
    assert (drift.strangest[:50] >= 100).mean() > 0.9


def test_too_few_tell_nothing_and_of_many_a_sample_is_taken() -> None:
    assert two_sample(around(0, LEAST - 1, 1), around(0, 300, 2)) is None
    assert two_sample(around(0, 300, 1), around(0, LEAST - 1, 2)) is None
    drift = two_sample(around(0, 3 * MOST, 1), around(0, 2 * MOST, 2))
    assert drift is not None
    assert drift.n == 2 * MOST
