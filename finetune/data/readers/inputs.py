"""`conversation` files: a list of inputs and outputs, the system text on the first."""

from typing import Any

from finetune.data.conversation import Message, Place, Role
from finetune.data.readers.base import Read, Unreadable, conversation, objects_of, text_of
from finetune.data.readers.learnable import is_learnt


class InputsReader:
    """{"conversation": [{"system", "input", "output"}, …]}, as XTuner writes it."""

    name = "conversation"
    shape = '{"conversation": [{"system": "…", "input": "…", "output": "…"}, …]}'

    keys = frozenset({"conversation"})

    def recognises(self, record: dict[str, Any]) -> bool:
        """By its one key."""
        return "conversation" in record

    def read(self, record: dict[str, Any], place: Place) -> Read:
        """One conversation."""
        turns = objects_of(record, "conversation", self.shape)
        messages = []
        for number, turn in enumerate(turns):
            messages += self._system(turn, number)
            messages.append(Message(Role.USER, text_of(turn, "input", self.shape)))
            learnt = is_learnt(turn) is None
            messages.append(Message(Role.ASSISTANT, text_of(turn, "output", self.shape), learnt))
        return (conversation(messages, place),)

    def _system(self, turn: dict[str, Any], number: int) -> list[Message]:
        text = text_of(turn, "system", self.shape, default="")
        if text.strip() and number:
            raise Unreadable(f"'system' stands on turn {number + 1}.", "Put it on the first turn.")
        return [Message(Role.SYSTEM, text)]
