"""Cleaning and cutting of messages, with properties."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.text import LONG_WORDS, MAX_CHARS, clean, has_words, views


@given(st.text())
def test_nothing_unreadable_is_left(text: str) -> None:
    cleaned = clean(text)
    assert all(char == "\n" or unicodedata.category(char)[0] != "C" for char in cleaned)
    assert "  " not in cleaned
    assert cleaned == cleaned.strip()


@given(st.text(alphabet="abcdefghij 12?.,", max_size=200))
def test_ordinary_words_stay(text: str) -> None:
    assert clean(text).split() == text.split()


@given(st.text())
def test_the_whole_is_always_among_the_views(text: str) -> None:
    cleaned = clean(text)
    parts = views(cleaned)
    assert parts[0] == cleaned
    assert all(part in cleaned for part in parts)


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


def test_a_long_text_has_its_last_line_read() -> None:
    text = "Good morning to you all.\n" + "word " * LONG_WORDS + "\nwhere is my parcel"
    assert views(text) == (text, "Good morning to you all.", "where is my parcel")


def test_a_long_sentence_is_read_whole() -> None:
    assert views("word " * LONG_WORDS) == ("word " * LONG_WORDS,)


def test_has_words() -> None:
    assert has_words("ok")
    assert not has_words("?! …")
