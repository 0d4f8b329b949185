"""A message taken apart: its questions, and a pasted mail without what is not the customer's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.english import ENGLISH
from router.text.questions import LONG_WORDS, MAX_ASKED_WORDS, asking, own_words, questions


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("how much is express", ("how much is express",)),
        ("Do you price match? And where are you?", ("Do you price match?", "And where are you?")),
        ("how long is the guarantee and how do I claim", ("how long is the guarantee", "how do I claim")),
        (
            "The zip broke. Can you mend it? It is blue. What does it cost? Thanks",
            ("The zip broke. Can you mend it?", "It is blue. What does it cost? Thanks"),
        ),
        ("Fell Mid, can they be resoled, what does it cost", ("Fell Mid, can they be resoled", "what does it cost")),
        ("rain or shine and whatever comes", ("rain or shine and whatever comes",)),
        ("is it ok?", ("is it ok?",)),
        ("where is my parcel? ??", ("where is my parcel? ??",)),
        ("Where is it ? ?\n?", ("Where is it ? ?\n?",)),
        ("If it doesn't fit, can I send it back?", ("If it doesn't fit, can I send it back?",)),
        ("If I am out, where do you leave it?", ("If I am out, where do you leave it?",)),
        ("it was washed and is now too small, help?", ("it was washed and is now too small, help?",)),
        (
            "When I got home the box was open. Can I return it?",
            ("When I got home the box was open. Can I return it?",),
        ),
        ("", ("",)),
    ],
)
def test_questions(text: str, parts: tuple[str, ...]) -> None:
    assert questions(text, ENGLISH) == parts


def test_a_story_is_not_taken_apart() -> None:
    text = "is it here? " + "word " * MAX_ASKED_WORDS + "is it there?"
    assert questions(text, ENGLISH) == (text,)


@given(st.lists(st.sampled_from(["can I", "where is it?", "and", "the tent", "also", "what now.", ",", "you"])))
def test_no_word_of_a_question_is_lost(words: list[str]) -> None:
    text = " ".join(words)
    left = " ".join(questions(text, ENGLISH)).replace(",", " ").split()
    dropped = [word for word in text.replace(",", " ").split() if word not in {"and", "also"}]
    assert [word for word in left if word not in {"and", "also"}] == dropped


MAIL = """From: Swiftline <noreply@swiftline.example>
Subject: Your parcel
> Dear customer,
> it is on its way.
On Tuesday you wrote:
Hello, I sent it back last week.
When do I get my money?
--
Ann Other
Can we help you? Visit us."""


def test_a_mail_without_heads_quotes_and_signature() -> None:
    assert own_words(MAIL, ENGLISH) == "Hello, I sent it back last week.\nWhen do I get my money?"


def test_a_mail_of_nothing_but_quotes_is_kept_whole() -> None:
    assert own_words("> one two three\n> four five six", ENGLISH) == "> one two three\n> four five six"


def test_what_a_long_message_asks() -> None:
    assert asking(own_words(MAIL, ENGLISH), ENGLISH) == ("When do I get my money?",)
    assert asking("First of all. Then this one. And this last one.", ENGLISH) == ()


@given(st.text())
def test_there_is_always_something_to_read(text: str) -> None:
    assert questions(text, ENGLISH)
    assert own_words(text, ENGLISH) or not text
    assert LONG_WORDS > MAX_ASKED_WORDS
