"""What one turn answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """`text` is all that is asked, which may be several messages; `again` says that it was answered before."""

    turn_id: int
    conversation_id: str
    text: str
    again: bool = False
