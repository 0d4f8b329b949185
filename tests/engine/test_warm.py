"""What is kept of the beginnings of prompts."""

from pathlib import Path

import numpy as np

from engine.warm import Beginning, Warm, as_tokens, common

ONE = Path("one.gguf")
SIZE = 100
"""Bytes of a state; the tokens, four bytes each, come on top."""


def beginning(*tokens: int, adapter: Path | None = None, before: Beginning | None = None) -> Beginning:
    return Beginning(as_tokens(tokens), np.zeros(SIZE, np.uint8), adapter, before)


def test_the_longest_that_a_prompt_begins_with_under_the_same_adapter() -> None:
    warm = Warm(10_000)
    short, longer = beginning(1, 2), beginning(1, 2, 3)
    for one in (longer, short, beginning(1, 2, 3, 4, adapter=ONE), beginning(1, 2, 9)):
        warm.keep(one)
    assert warm.best(as_tokens([1, 2, 3, 4, 5]), None) is longer
    assert warm.best(as_tokens([1, 2]), None) is short
    assert warm.best(as_tokens([1]), None) is None
    assert warm.best(as_tokens([7]), None) is None


def test_the_least_recently_used_makes_room() -> None:
    warm = Warm(3 * (SIZE + 4))
    first, second, third, fourth = (beginning(n) for n in range(4))
    for one in (first, second, third):
        warm.keep(one)
    warm.best(as_tokens([0, 5]), None)
    warm.keep(fourth)
    assert [warm.best(as_tokens([n]), None) for n in range(4)] == [first, None, third, fourth]
    assert warm.size_bytes == 3 * (SIZE + 4)


def test_what_others_build_on_stays_as_long_as_they() -> None:
    warm = Warm(3 * (SIZE + 12))
    persona = beginning(1, 2)
    warm.keep(persona)
    for n in range(5):
        warm.keep(beginning(1, 2, n, before=persona))
    assert warm.best(as_tokens([1, 2]), None) is persona
    found = warm.best(as_tokens([1, 2, 4]), None)
    assert found is not None
    assert found.parts == (persona, found)
    assert len(warm) == 3


def test_what_alone_does_not_fit_is_not_kept_and_drives_nothing_out() -> None:
    warm = Warm(SIZE + 8)
    small = beginning(1, 2)
    assert not warm.keep(small)
    assert warm.keep(beginning(3, 4, 5))
    assert warm.best(as_tokens([1, 2]), None) is small
    assert warm.keep(beginning(6, 7)), "somebody had to make room"
    assert len(warm) == 1


def test_common() -> None:
    assert common([], [1]) == 0
    assert common((1, 2), [1, 2, 3]) == 2
    assert common([1, 2, 3], as_tokens([1, 9, 3])) == 1
