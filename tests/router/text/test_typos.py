"""Slips of the keyboard: what is put right, and what is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.text.typos import Slips

TEXTS = ["where is my tracking number", "the tracking link", "parcel late", "my parcel", "delivery", "delivery time"]
KNOWN = {"where", "rent", "landlord", "time", "late", "link", "number"}


@pytest.fixture
def slips() -> Slips:
    return Slips(TEXTS, KNOWN.__contains__)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("trakcing?", "tracking?"),
        ("my PARCLE, please", "my parcel, please"),
        ("wheres the delivrey 48812", "wheres the delivery 48812"),
    ],
)
def test_a_word_that_nobody_knows_becomes_the_near_one_of_the_pack(slips: Slips, text: str, right: str) -> None:
    assert slips.correct(text) == right


@pytest.mark.parametrize(
    "text", ["my landlord wants rent", "parcel late", "xq zzz", "quixotic", "trk 123", "", "🙂 ?!"]
)
def test_known_short_and_far_words_stay(slips: Slips, text: str) -> None:
    assert slips.correct(text) == text


def test_a_word_that_the_pack_uses_once_is_not_what_was_meant(slips: Slips) -> None:
    assert slips.correct("numbre") == "numbre"


@given(st.text())
def test_only_words_change(text: str) -> None:
    found = Slips(TEXTS, KNOWN.__contains__).correct(text)
    assert [char for char in found if not char.isalpha()] == [char for char in text if not char.isalpha()]


@given(st.text())
def test_correcting_twice_is_correcting_once(text: str) -> None:
    slips = Slips(TEXTS, KNOWN.__contains__)
    assert slips.correct(slips.correct(text)) == slips.correct(text)
