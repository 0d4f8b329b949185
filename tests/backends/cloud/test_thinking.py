"""What a model thinks is folded away, whatever the shape and the cut in which it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.backends.legible import Pairs, without_lead
from chatapp.backends.thinking import Thinking


def shown(pieces: list[str], *, unopened: bool = False) -> str:
    thinking, said = Thinking(unopened=unopened), ""
    for piece in pieces:
        text, withdrawn = thinking.feed(piece)
        said = text if withdrawn else said + text
    return said + thinking.finish()


CASES = [
    ("<think>hm, well</think>\n\nYes.", "Yes."),
    ("\n <think>\nhm\n</think>Yes.", "Yes."),
    ("<thinking>hm</thinking> Yes.", "Yes."),
    ("<THINK>hm</THINK >Yes.", "Yes."),
    ('<think type="deep">hm</think>Yes.', "Yes."),
    ("<thought>hm</thought>Yes.", "Yes."),
    ("<think></think><think>again</think>Yes.", "Yes."),
    ("<think>never closed, and no answer", ""),
    ("<think>", ""),
    ("hm, well</think>\n\nYes.", "Yes."),
    ("</think>Yes.", "Yes."),
    ("<thinker> is a word.", "<thinker> is a word."),
    ("<b>Yes</b>, a < b.", "<b>Yes</b>, a < b."),
    ("Use <think> to think.", "Use <think> to think."),
    ("<think>hm</think>Close it with </think>.", "Close it with </think>."),
    ("a <", "a <"),
    ("<thi", "<thi"),
    ("  \n\u200b", ""),
    ("\u200b\ufeff Yes. ", "Yes. "),
]


@pytest.mark.parametrize(("text", "answer"), CASES)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_only_the_answer_is_shown(text: str, answer: str, size: int) -> None:
    assert shown([text[place : place + size] for place in range(0, len(text), size)]) == answer


def test_a_server_that_opens_the_tag_in_the_prompt_is_held_back_once_that_is_known() -> None:
    thinking = Thinking()
    assert thinking.feed("hm, well") == ("hm, well", False)
    assert thinking.feed("</think>Yes.") == ("Yes.", True)
    assert thinking.unopened
    known = Thinking(unopened=True)
    assert known.feed("hm, well") == ("", False)
    assert known.inside
    assert known.feed("</think>Yes.") == ("Yes.", False)
    assert shown(["No thinking ", "today."], unopened=True) == "No thinking today."
    assert shown(["<think>hm</think>", "Yes."], unopened=True) == "Yes."
    assert shown(["<think>hm"], unopened=True) == ""


@pytest.mark.parametrize("text", ["No thinking today.", "<think>hm</think>Yes.", "<think>hm"])
def test_words_are_not_held_back_for_ever_because_a_tag_was_closed_once(text: str) -> None:
    thinking = Thinking(unopened=True)
    thinking.feed(text)
    thinking.finish()
    assert not thinking.unopened


def test_a_server_that_thinks_twice_is_still_known() -> None:
    thinking = Thinking(unopened=True)
    thinking.feed("hm</think>Yes.")
    thinking.finish()
    assert thinking.unopened


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "/", "think", ">", "a ", "\n", "<b>"]), max_size=12))
def test_the_cut_changes_nothing(parts: list[str]) -> None:
    text = "".join(parts)
    assert shown(list(text)) == shown(parts) == shown([text])


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["\ud83d", "\ude00!"], "😀!"),
        (["a\ud83d", "", "\ude00"], "a😀"),
        (["\ud83d", "b"], "\ufffdb"),
        (["x\ude00", "b"], "x\ufffdb"),
        (["b\ud83d"], "b\ufffd"),
        (["a\0b", "😀"], "ab😀"),
    ],
)
def test_halves_of_a_character_are_joined(pieces: list[str], text: str) -> None:
    pairs = Pairs()
    assert "".join(map(pairs.feed, pieces)) + pairs.finish() == text
    text.encode()


@pytest.mark.parametrize("nothing", ["", " \n\t", "\u200b\u200c\u200d\ufeff", "\u2060 \u00ad\u3164\u2800", "\0"])
def test_what_cannot_be_seen_is_no_beginning(nothing: str) -> None:
    assert without_lead(nothing) == ""
    assert without_lead(f"{nothing}a{nothing}") == f"a{nothing}"
