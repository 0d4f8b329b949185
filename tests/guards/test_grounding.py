"""The prompt of a local answer keeps what stays at its beginning and the approved text at its end."""

from hypothesis import given
from hypothesis import strategies as st

from chatapp.backends.base import ChatMessage
from chatapp.grounding import local_messages

TEXT = st.text(max_size=30)
TURN = st.tuples(TEXT, TEXT).map(lambda pair: (ChatMessage("user", pair[0]), ChatMessage("assistant", pair[1])))


@given(TEXT, TEXT, st.lists(TURN, max_size=3), TURN, TEXT, TEXT)
def test_the_next_turn_begins_with_this_one(
    persona: str,
    summary: str,
    turns: list[tuple[ChatMessage, ChatMessage]],
    new: tuple[ChatMessage, ChatMessage],
    fact: str,
    question: str,
) -> None:
    history = [message for turn in turns for message in turn]
    this = local_messages(persona, history, [fact], question, summary)
    following = local_messages(persona, [*history, *new], ["another"], "and this?", summary)
    assert following[: len(this) - 1] == this[:-1]
    assert this[0].role == "system"
    assert this[-1].content.endswith(fact.strip())
    assert summary.strip() in this[0].content


def test_examples_come_before_the_history_and_several_facts_are_one_text() -> None:
    history = (ChatMessage("user", "Hello"), ChatMessage("assistant", "Good day"))
    messages = local_messages("You help.", history, ["One.", " Two. "], "what?")
    assert messages[0] == ChatMessage("system", "You help.")
    assert messages[-3:-1] == history
    assert messages[-1].content.endswith("\nOne. Two.")
    assert [message.role for message in messages[1:-3]] == ["user", "assistant"] * 3
