import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.context.statements import (
    LONGEST_CHARS,
    LONGEST_NAME_CHARS,
    corrects,
    kinds,
    name_in,
    statements_in,
    supersedes,
    topic_of,
)
from language.english import ENGLISH


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Ada Lindqvist.", "Ada Lindqvist"),
        ("hi my name is ada and i need boots", "ada"),
        ("My name's Tom, where is my parcel?", "Tom"),
        ("Hello, I'm Siobhan O'Neill!", "Siobhan O'Neill"),
        ("Hi there! I’m Jean-Luc from Ellerby.", "Jean-Luc"),
        ("Please call me Bo.", "Bo"),
        ("This is Priya Nair and I have a question", "Priya Nair"),
        ("I am called Vincent van Gogh.", "Vincent van Gogh"),
        ("My name is Ada. Actually my name is Adah.", "Adah"),
        ("I'm German.", ""),
        ("I'm looking for a tent.", ""),
        ("Can you call me back?", ""),
        ("Please call me Monday.", ""),
        ("My name is spelled wrong on the label.", ""),
        ("What is my name?", ""),
        ("This is the third time I write.", ""),
    ],
)
def test_names(text: str, name: str) -> None:
    assert name_in(text, ENGLISH) == name


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("My name is Ada.", ()),
        ("How much is express delivery?", ()),
        ("Thanks, great.", ()),
        ("Where is order TT-48213?", ("Where is order TT-48213?",)),
        ("My order number is 48213. Is it on its way?", ("My order number is 48213.",)),
        ("My name is Ada and I need boots in size 43.", ("My name is Ada and I need boots in size 43.",)),
        ("Write to a.b@mail.example!", ("Write to a.b@mail.example!",)),
        ("Call +49 40 1234567", ("Call +49 40 1234567",)),
        ("I prefer light tents.\nWhich do you have?", ("I prefer light tents.",)),
        ("It must arrive on 3 May.", ("It must arrive on 3 May.",)),
        ("Tell me about the Skua 2.", ("Tell me about the Skua 2.",)),
    ],
)
def test_statements(text: str, stated: tuple[str, ...]) -> None:
    assert statements_in(text, ENGLISH) == stated


@pytest.mark.parametrize(
    ("new", "old", "gone"),
    [
        ("I need size 43.", "i need size 43", True),
        ("I need size 44.", "I need size 43.", False),
        ("My mail is b@c.example.", "My mail is a@b.example.", True),
        ("My order is TT-2222.", "My order is TT-1111.", False),
        ("I live in Ellerby.", "I live in Stennhaven.", True),
        ("I live in Ellerby.", "I live in Stennhaven, and I prefer light tents.", False),
    ],
)
def test_what_one_has_once_is_replaced(new: str, old: str, gone: bool) -> None:
    assert supersedes(new, old, ENGLISH) is gone


@pytest.mark.parametrize(
    ("new", "old", "corrected"),
    [
        ("Sorry, I meant boots in size 44.", "I need boots in size 43.", True),
        ("I need size 44.", "I need size 43.", False),
        ("Actually it is size 44.", "My order is TT-48213.", False),
        ("No, my order is TT-2222.", "My order is TT-1111.", True),
        ("Sorry, I like tents.", "I like boots.", False),
    ],
)
def test_corrections(new: str, old: str, corrected: bool) -> None:
    assert corrects(new, old, ENGLISH) is corrected


def test_a_date_is_no_phone_number() -> None:
    assert kinds("It came on 2026-11-21.", ENGLISH) == {"date"}


def test_the_topic_is_the_question() -> None:
    assert topic_of("Hello there. How much is express?\nThanks.") == "How much is express?"
    assert topic_of("A tent, please.") == "A tent, please."
    assert topic_of(" \n ") == ""


@given(st.text())
def test_whatever_is_written_lines_are_lines_and_short(text: str) -> None:
    name, lines = name_in(text, ENGLISH), statements_in(text, ENGLISH)
    assert len(name) <= LONGEST_NAME_CHARS
    for line in (*lines, name, topic_of(text)):
        assert len(line) <= LONGEST_CHARS
        assert len(line.splitlines()) <= 1
