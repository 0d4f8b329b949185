"""What is kept of ended answers."""

from pathlib import Path

import pytest

from engine.warm import Kept, Warm, as_tokens, common

ONE = Path("one.gguf")


def test_the_longest_common_beginning_under_the_same_adapter() -> None:
    warm = Warm()
    warm.keep(Kept(0, as_tokens([1, 2]), None))
    warm.keep(Kept(1, as_tokens([1, 2, 3, 9]), None))
    warm.keep(Kept(2, as_tokens([1, 2, 3, 4]), ONE))
    kept, length = warm.best(as_tokens([1, 2, 3, 4]), None)
    assert (kept and kept.sequence, length) == (1, 3)
    assert warm.best(as_tokens([7]), None) == (None, 0)
    assert warm.size_tokens == 10


def test_the_least_recently_used_is_given_up_first() -> None:
    warm = Warm()
    for sequence in range(3):
        warm.keep(Kept(sequence, as_tokens([sequence, 5]), None))
    warm.best(as_tokens([0, 5, 6]), None)
    assert [warm.oldest().sequence for _ in range(len(warm))] == [1, 2, 0]
    with pytest.raises(IndexError):
        warm.oldest()


def test_common() -> None:
    assert common(as_tokens([]), as_tokens([1])) == 0
    assert common(as_tokens([1, 2]), as_tokens([1, 2, 3])) == 2
    assert common(as_tokens([1, 2, 3]), as_tokens([1, 9, 3])) == 1
