"""What a browser deleted a moment ago, kept in its session, so that the next page can offer to bring it back."""

import time
from dataclasses import dataclass
from typing import Any

from chatapp.store.tries import UNDO_S

DELETED = "deleted"
OFFERED_S = UNDO_S - 5
"""How long the page offers it; an answer on its way at the last moment still comes in time."""


@dataclass(frozen=True, slots=True)
class DeletedView:
    """A conversation that can be brought back for so many more milliseconds."""

    id: str
    left_ms: int


def note_deleted(session: dict[str, Any], conversation_id: str) -> None:
    """Keep what was deleted, and when; no word of it."""
    session[DELETED] = [conversation_id, time.time()]


def just_deleted(session: dict[str, Any]) -> DeletedView | None:
    """What was deleted so lately that it can be brought back."""
    conversation_id, when = session.get(DELETED) or ("", 0.0)
    left_s = when + OFFERED_S - time.time()
    if 0 < left_s <= OFFERED_S:
        return DeletedView(conversation_id, round(left_s * 1000))
    session.pop(DELETED, None)
    return None
