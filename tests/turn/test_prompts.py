"""What each message of a prompt says, and whose it is."""

from chatapp.backends.base import ChatMessage
from chatapp.turn.prompts import _CLOUD_RULES, _NEAREST, cloud_messages

SAID = (ChatMessage("user", "Hello"), ChatMessage("assistant", "Hello to you."))


def test_the_cloud_reads_rules_and_facts_as_ours_and_the_message_last() -> None:
    assert cloud_messages(" You help. ", SAID, [" Sixty days. ", "Free."], " how long? ") == (
        ChatMessage("system", f"You help. {_CLOUD_RULES}"),
        *SAID,
        ChatMessage("system", f"{_NEAREST}\n- Sixty days.\n- Free."),
        ChatMessage("user", "how long?"),
    )


def test_where_no_fact_is_near_none_is_spoken_of() -> None:
    told = cloud_messages("You help.", (), [], "how long?")
    assert [message.role for message in told] == ["system", "user"]
