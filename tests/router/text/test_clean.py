"""Cleaning and cutting of messages, with properties."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.text.clean import MAX_CHARS, clean, has_words


@given(st.text())
def test_nothing_unreadable_is_left(text: str) -> None:
    cleaned = clean(text)
    assert all(char == "\n" or unicodedata.category(char)[0] != "C" for char in cleaned)
    assert "  " not in cleaned
    assert cleaned == cleaned.strip()


@given(st.text(alphabet="abcdefghij 12?.,", max_size=200))
def test_ordinary_words_stay(text: str) -> None:
    assert clean(text).split() == text.split()


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("<b>where</b> is <br/> it", "where is it"),
        ("a < b and c > d", "a < b and c > d"),
        ("ﬁnd my ｐａｒｃｅｌ", "find my parcel"),
        ("pass\u200bword", "password"),
        ("hi 🙂🙂 there", "hi there"),
        ("one\r\n\r\n\ttwo", "one\ntwo"),
        ("\x00\x1b[31mred", "[31mred"),
        ("", ""),
    ],
)
def test_clean(raw: str, wanted: str) -> None:
    assert clean(raw) == wanted


def test_a_very_long_text_keeps_its_ends() -> None:
    cleaned = clean("first. " + "x " * MAX_CHARS + "last?")
    assert cleaned.startswith("first.")
    assert cleaned.endswith("last?")
    assert len(cleaned) <= MAX_CHARS + 1


def test_has_words() -> None:
    assert has_words("ok")
    assert not has_words("?! …")
