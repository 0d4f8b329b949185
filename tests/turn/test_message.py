"""What a person sends is cleaned once, and stays what it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.errors import MessageError
from chatapp.turn.message import clean_message


@pytest.mark.parametrize("text", ["", "   \n", "\x00\x07", None, 7, ["x"], "x" * 101])
def test_what_is_no_message_is_refused(text: object) -> None:
    with pytest.raises(MessageError) as caught:
        clean_message(text, 100)
    assert caught.value.hint


def test_who_sends_no_text_is_told_how() -> None:
    with pytest.raises(MessageError) as caught:
        clean_message(7, 100)
    assert (caught.value.what, caught.value.hint) == ("A message must be text, not int.", 'Send {"text": "..."}.')


def test_words_lines_and_emoji_stay() -> None:
    assert clean_message("  two\r\nlines 🏕️ <b>&  ", 100) == "two\nlines 🏕️ <b>&"


def test_control_and_direction_characters_go() -> None:
    assert clean_message("a\x00b\u202ec\x1b[0m", 100) == "abc[0m"


@given(st.text(alphabet=st.characters(), min_size=1))
def test_cleaning_is_storable_and_done_once(text: str) -> None:
    try:
        cleaned = clean_message(text, 10_000)
    except MessageError:
        return
    cleaned.encode()
    assert clean_message(cleaned, 10_000) == cleaned
