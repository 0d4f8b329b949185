"""What a reader of one format is, and what all of them need."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from finetune.data.conversation import Conversation, Message, Place, Role
from finetune.data.problem import Code, Problem, shown

Read = tuple[Conversation | Problem, ...]
"""What comes of one record: its conversations, and a Problem in the place of each that cannot be used."""

_TURNS_HINT = "A system message, if any, comes first; then user and assistant in turn, the assistant last."


class Reader(Protocol):
    """One format. `name` is what it is called, `shape` a record of it in short."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> str: ...

    @property
    def keys(self) -> frozenset[str]:
        """The keys of a record that it reads."""
        ...

    def recognises(self, record: dict[str, Any]) -> bool:
        """Whether the record has the keys of this format."""
        ...

    def read(self, record: dict[str, Any], place: Place) -> Read:
        """The record's conversations and problems, in order. Raises Unreadable at a value of the wrong type."""
        ...


class Unreadable(Exception):  # noqa: N818 - it never leaves the room: `read` of finetune.data makes a Problem of it
    """A record cannot be read: `code`, what and hint of the Problem to come."""

    def __init__(self, what: str, hint: str, code: Code = Code.MALFORMED) -> None:
        super().__init__(what)
        self.what, self.hint, self.code = what, hint, code


def text_of(record: dict[str, Any], key: str, shape: str, *, default: str | None = None) -> str:
    """The string under `key`; `default`, unless None, where it is missing or null. Raises Unreadable."""
    value = record.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        what = f"{key!r} is missing." if key not in record else f"{key!r} is {shown(value)}, not a string."
        raise Unreadable(what, f"Write {shape}.")
    if not _encodable(value):
        raise Unreadable(f"{key!r} holds half a character: {shown(value)}.", "Escape it as a surrogate pair.")
    return value


def objects_of(record: dict[str, Any], key: str, shape: str) -> list[dict[str, Any]]:
    """The list of objects under `key`. Raises Unreadable."""
    value = record.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unreadable(f"{key!r} is {shown(value)}, not a list of objects.", f"Write {shape}.")
    return value


def conversation(messages: Sequence[Message], place: Place) -> Conversation | Problem:
    """The messages, trimmed, as a conversation, or what is wrong with their order. A blank system message is none."""
    trimmed = (replace(message, content=message.content.strip()) for message in messages)
    said = [message for message in trimmed if message.role is not Role.SYSTEM or message.content]
    turns = said[1:] if said and said[0].role is Role.SYSTEM else said
    if not turns:
        return Problem(place, Code.EMPTY, "a conversation without messages.", _TURNS_HINT)
    for number, message in enumerate(turns):
        wanted = Role.ASSISTANT if number % 2 else Role.USER
        if message.role is not wanted:
            what = f"message {number + 1} is of {message.role.value!r} where {wanted.value!r} should speak."
            return Problem(place, Code.ONE_SIDED, what, _TURNS_HINT)
        if not message.content:
            what = f"message {number + 1}, of {message.role.value!r}, is empty."
            return Problem(place, Code.EMPTY, what, "Write it, or remove the conversation.")
    if len(turns) % 2:
        return Problem(place, Code.ONE_SIDED, f"no answer to {shown(turns[-1].content)}.", _TURNS_HINT)
    if not any(message.learnt for message in turns if message.role is Role.ASSISTANT):
        return left_out(place, "no answer is to be learnt")
    return Conversation(tuple(said), place)


def left_out(place: Place, why: str) -> Problem:
    """That a conversation is not learnt, as its file asks."""
    return Problem(place, Code.LEFT_OUT, f"left out, for {why}.", "To learn it, take that mark away.")


def _encodable(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)
