"""The prompts keep what stays at their beginning and what changes at their end."""

from hypothesis import given
from hypothesis import strategies as st

from chatapp.backends.base import ChatMessage
from chatapp.grounding import cloud_messages, local_messages

TEXT = st.text(max_size=30)


@given(TEXT, TEXT, TEXT)
def test_a_local_prompt_ends_with_the_fact_and_begins_as_every_other(persona: str, fact: str, question: str) -> None:
    this = local_messages(persona, fact, question)
    assert this[:-1] == local_messages(persona, "another fact", "another question")[:-1]
    assert this[0].role == "system"
    assert this[-1].content.endswith(fact.strip())


def test_a_cloud_prompt_has_the_history_and_the_nearest_facts() -> None:
    history = (ChatMessage("user", "Hello"), ChatMessage("assistant", "Good day"))
    messages = cloud_messages("You help.", history, ["One.", "Two."], "what?")
    assert messages[0].role == "system"
    assert messages[0].content.startswith("You help. ")
    assert "fact you are given" not in messages[0].content
    assert messages[1:-1] == history
    assert "- One.\n- Two.\n\nwhat?" in messages[-1].content
    assert cloud_messages("You help.", (), [], "what?")[-1].content == "what?"
