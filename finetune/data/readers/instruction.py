"""Instruction files: one exchange a record, with what was said before in `history`."""

from dataclasses import dataclass
from typing import Any

from finetune.data.conversation import Message, Place, Role
from finetune.data.problem import shown
from finetune.data.readers.base import Read, Unreadable, conversation, text_of


@dataclass(frozen=True, slots=True)
class InstructionReader:
    """`prompt`, `query`, `response`, `system` and `history` name the columns; "" for one that is not read.

    The query is appended to the prompt after a line break; `history` is [[user, assistant], …].
    """

    prompt: str = "instruction"
    query: str = "input"
    response: str = "output"
    system: str = "system"
    history: str = "history"
    name: str = "instruction"

    @property
    def shape(self) -> str:
        """A record in short."""
        return f'{{"{self.prompt}": "…", "{self.query or "input"}": "", "{self.response}": "…"}}'

    @property
    def keys(self) -> frozenset[str]:
        """The columns."""
        return frozenset({self.prompt, self.query, self.response, self.system, self.history})

    def recognises(self, record: dict[str, Any]) -> bool:
        """By prompt and response, or prompt and query: a record that lacks the other is one that lacks something."""
        return self.prompt in record and (self.response in record or self.query in record)

    def read(self, record: dict[str, Any], place: Place) -> Read:
        """One conversation: the system text, the history, the exchange."""
        asked = [text_of(record, self.prompt, self.shape), self._optional(record, self.query)]
        messages = [
            Message(Role.SYSTEM, self._optional(record, self.system)),
            *self._earlier(record),
            Message(Role.USER, "\n".join(part for part in asked if part.strip())),
            Message(Role.ASSISTANT, text_of(record, self.response, self.shape)),
        ]
        return (conversation(messages, place),)

    def _optional(self, record: dict[str, Any], column: str) -> str:
        return text_of(record, column, self.shape, default="") if column else ""

    def _earlier(self, record: dict[str, Any]) -> list[Message]:
        pairs = (record.get(self.history) if self.history else None) or []
        if not isinstance(pairs, list):
            raise _history_fault(self.history, pairs)
        return [message for pair in pairs for message in self._exchange(pair)]

    def _exchange(self, pair: object) -> tuple[Message, Message]:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise _history_fault(self.history, pair)
        user, assistant = (text_of({self.history: part}, self.history, self.shape) for part in pair)
        return Message(Role.USER, user), Message(Role.ASSISTANT, assistant)


def _history_fault(column: str, value: object) -> Unreadable:
    return Unreadable(f"{column!r} holds {shown(value)}.", f'Write "{column}": [["what was asked", "the answer"], …].')
