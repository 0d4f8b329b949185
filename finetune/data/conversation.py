"""What a model is taught by: conversations, each of which knows the file and line that it comes from."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Role(StrEnum):
    """Who says a message, by the names that chat templates use."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. `learnt` is false for words of the assistant that are read and not learnt."""

    role: Role
    content: str
    learnt: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: file, and line counted from 1. `offset`, in characters, tells the records of an array
    apart that share a line.
    """

    path: Path
    line: int
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages in order. `fact` is the id of the approved fact that grounds the answer, "" where none of a pack's does;
    `asked` are the customer's own words where the user's message is a grounded prompt, else "".

    Invariants, which the readers see to: at most one system message, and that first; then user and assistant in turn;
    an assistant message last. Loss is on what the assistant says, in every turn that is `learnt`, of which
    there is one or more.
    """

    messages: tuple[Message, ...]
    place: Place
    fact: str = ""
    asked: str = ""

    @property
    def category(self) -> str:
        """The category of the fact, "" without one."""
        return self.fact.partition(".")[0]

    @property
    def question(self) -> str:
        """The customer's own words, or the last thing that the user says."""
        return self.asked or next((m.content for m in reversed(self.messages) if m.role is Role.USER), "")

    @property
    def answer(self) -> str:
        """The last thing that the assistant says."""
        return next((m.content for m in reversed(self.messages) if m.role is Role.ASSISTANT), "")
