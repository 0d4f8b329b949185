"""Lists of messages that name who speaks: ShareGPT, OpenAI, and whatever else differs from these in names alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from finetune.data.conversation import Message, Place, Role
from finetune.data.problem import shown
from finetune.data.readers.base import Read, Unreadable, conversation, objects_of, text_of
from finetune.data.readers.learnable import is_learnt

SHAREGPT_ROLES = {
    "human": Role.USER,
    "user": Role.USER,
    "gpt": Role.ASSISTANT,
    "assistant": Role.ASSISTANT,
    "system": Role.SYSTEM,
}
OPENAI_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM, "developer": Role.SYSTEM}


@dataclass(frozen=True, slots=True)
class ChatReader:
    """`messages` names the list, `role` and `content` the keys of a message, `roles` who is who; `system` the column of
    a system text, "" for none: a system message goes before it.
    """

    name: str
    messages: str
    role: str
    content: str
    roles: Mapping[str, Role] = field(hash=False)
    system: str = ""

    @property
    def shape(self) -> str:
        """A record in short."""
        user = next(name for name, role in self.roles.items() if role is Role.USER)
        return f'{{"{self.messages}": [{{"{self.role}": "{user}", "{self.content}": "…"}}, …]}}'

    @property
    def keys(self) -> frozenset[str]:
        """The list's name, and the system column's."""
        return frozenset({self.messages, self.system})

    def recognises(self, record: dict[str, Any]) -> bool:
        """By the name of the list."""
        return self.messages in record

    def read(self, record: dict[str, Any], place: Place) -> Read:
        """One conversation."""
        said = [self._message(item) for item in objects_of(record, self.messages, self.shape)]
        if self.system and not (said and said[0].role is Role.SYSTEM):
            said.insert(0, Message(Role.SYSTEM, text_of(record, self.system, self.shape, default="")))
        return (conversation(said, place),)

    def _message(self, item: dict[str, Any]) -> Message:
        name = text_of(item, self.role, self.shape)
        if name not in self.roles:
            raise Unreadable(f"{self.role!r} is {shown(name)}.", f"Use one of: {', '.join(self.roles)}.")
        learnt = is_learnt(item, (self.role, self.content)) is None
        return Message(self.roles[name], text_of(item, self.content, self.shape), learnt)
