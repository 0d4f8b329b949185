"""Loops are caught, language is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.guards.degenerate import DegenerateGuard
from chatapp.guards.verdict import Verdict

LANGUAGE = (
    "To return an order, sign in and open My orders. Choose the items, print the label, and hand the parcel in at "
    "any shop. We refund you within five working days after the parcel has been checked, to the card you paid with. "
    "If the parcel is late, call us; we will look for it, and send you another one if it is lost on the way."
)
TABLE = "| Tent | Weight |\n|------|--------|\n| Skua 2 | 1.9 kg |\n| Skua 3 | 2.4 kg |\n" + "-" * 40


def verdict(text: str) -> Verdict:
    guard = DegenerateGuard()
    guard.feed(text)
    return guard.finish()


@pytest.mark.parametrize("text", [LANGUAGE, TABLE, "", "no no no, very very very good", "ha " * 5, "12,000,000"])
def test_language_passes(text: str) -> None:
    assert verdict(text).ok


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("aaaaaaaaaaaaaaa", "12 times in a row"),
        ("=" * 80, "60 times in a row"),
        ("the the the the the the", "last 1 words came 6 times"),
        ("I do not know. " * 5, "last 4 words came 4 times"),
        ("if you need help just let me know. " * 3, "last 8 words came 3 times"),
        (" ".join("abcdefghij"[(n * n) % 7] for n in range(60)), "words"),
    ],
)
def test_loops_are_caught(text: str, why: str) -> None:
    found = verdict(f"Of course. {text}")
    assert not found.ok
    assert why in found.why


def test_a_collapsed_vocabulary_is_caught() -> None:
    words = ["tent", "pole", "peg", "rope", "bag"]
    text = " ".join(words[(n * n + n // 3) % 5] for n in range(90))
    guard = DegenerateGuard(least_ratio=0.3, least_words=40)
    assert not guard.feed(text).ok


def test_the_verdict_stays() -> None:
    guard = DegenerateGuard()
    first = guard.feed("aaaaaaaaaaaaaaa")
    assert guard.feed(LANGUAGE) == first


@given(st.lists(st.sampled_from(["a ", "b ", "tent ", "zz", "\n", "—"]), max_size=120), st.integers(1, 9))
def test_the_cut_into_tokens_changes_nothing(parts: list[str], size: int) -> None:
    text = "".join(parts)
    guard = DegenerateGuard()
    for place in range(0, len(text), size):
        guard.feed(text[place : place + size])
    assert guard.finish() == verdict(text)
