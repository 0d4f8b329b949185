"""The tries at one message: which there are, which one stands, and what was said.

Invariant: once none of a message's tries runs, exactly one is not superseded; and it has an answer if any
has. While one runs, it stands in place of the others.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from chatapp.errors import NotFoundError
from chatapp.store.models import ConversationRow, MessageRow, Role, TurnRow, TurnStatus, utcnow
from chatapp.store.records import Turn
from router.types import Decision

log = logging.getLogger(__name__)

ANSWERED = (TurnStatus.DONE, TurnStatus.STOPPED, TurnStatus.ABSTAINED)
"""Ends of a turn whose words, if there are any, count as an answer."""

WOULD_CHANGE = "would_change"
"""Key beside a stored decision's own: sentences on what would have changed it."""

UNDO_S = 15
"""How long a deleted conversation can be brought back, in seconds. The page offers it for a little less."""

origin: ColumnElement[int] = func.coalesce(col(TurnRow.again_of), col(TurnRow.id))
"""SQL for the id of a turn's first try: what identifies the message, and orders exchanges."""


def id_of(row: TurnRow) -> int:
    """The id of a turn that the database has numbered."""
    assert row.id is not None
    return row.id


def origin_of(row: TurnRow) -> int:
    """The id of the turn's first try, its own if it is the first."""
    return row.again_of or id_of(row)


def decision_of(row: TurnRow) -> Decision | None:
    """What the router decided of the turn; None before it did, and where no version of it wrote what stands there."""
    if not row.decision:
        return None
    try:
        return Decision.from_json(row.decision)
    except ValueError as error:
        log.warning("the decision on turn %s cannot be read: %s", row.id, error)
        return None


def the_turn(session: Session, turn_id: int) -> TurnRow:
    """Raises NotFoundError."""
    row = session.get(TurnRow, turn_id)
    if row is None:
        raise NotFoundError(f"There is no turn {turn_id!r}.", "Reload the page.")
    return row


def locked_conversation(session: Session, conversation_id: str) -> ConversationRow | None:
    """The conversation, held against other writers until the session ends (SQLite: the whole database)."""
    held = select(ConversationRow).where(ConversationRow.id == conversation_id).with_for_update()
    return session.exec(held).one_or_none()


def existing(row: ConversationRow | None, conversation_id: str) -> ConversationRow:
    """Raises NotFoundError for one that is missing or deleted."""
    if row is None or row.deleted_at is not None:
        raise NotFoundError(f"There is no conversation {conversation_id!r}.", "It may have been deleted.")
    return row


def words_kept(row: ConversationRow) -> bool:
    """Whether words of the conversation may be kept: it was not deleted, or can still be brought back."""
    return row.deleted_at is None or utcnow() - row.deleted_at < timedelta(seconds=UNDO_S)


def said(session: Session, turn_id: int, role: Role) -> MessageRow | None:
    """What the user wrote in a first try, or the answer that a try gave."""
    of_turn = select(MessageRow).where(MessageRow.turn_id == turn_id, MessageRow.role == role)
    return session.exec(of_turn).one_or_none()


def seen(session: Session, row: TurnRow, *, resent: bool = False) -> Turn:
    """The row as callers see it."""
    session.flush()
    message = said(session, origin_of(row), Role.USER)
    text = message.content if message else ""
    before = joined(session, row.conversation_id).get(origin_of(row), [])
    return with_text(row, text, together([*before, text]), resent=resent)


def with_text(row: TurnRow, user_text: str, asked_text: str | None = None, *, resent: bool = False) -> Turn:
    """The row as callers see it, its text at hand; `asked_text` None where it is the same."""
    return Turn(
        **row.model_dump(exclude={"beat_at", "decision"}),
        decision=decision_of(row),
        would_change=tuple((row.decision or {}).get(WOULD_CHANGE, ())),
        user_text=user_text,
        asked_text=user_text if asked_text is None else asked_text,
        resent=resent,
    )


def joined(session: Session, conversation_id: str) -> dict[int, list[str]]:
    """By first try, the messages of other turns that it reads before its own, in order."""
    read = (
        select(TurnRow.joined_into, MessageRow.content)
        .join(MessageRow, (col(MessageRow.turn_id) == TurnRow.id) & (col(MessageRow.role) == Role.USER))
        .where(TurnRow.conversation_id == conversation_id, col(TurnRow.joined_into).is_not(None))
        .order_by(col(TurnRow.id))
    )
    texts: dict[int, list[str]] = defaultdict(list)
    for into, text in session.exec(read):
        texts[into or 0].append(text)
    return texts


def together(texts: Sequence[str]) -> str:
    """Several messages as one text: a line for each, as a person would have written them in one."""
    return "\n".join(texts)


def settle(session: Session, turn: TurnRow) -> None:
    """Decides which try stands, now that `turn` has ended.

    The newest does, unless it gave no answer and an older one did: a failed second try loses nothing.
    """
    session.flush()
    tries = session.exec(select(TurnRow).where(origin == origin_of(turn), TurnRow.id != turn.id)).all()
    others = [other for other in tries if not other.superseded]
    turn.superseded = not _answered(session, turn) and any(_answered(session, other) for other in others)
    for other in others:
        other.superseded = other.superseded or not turn.superseded


def _answered(session: Session, row: TurnRow) -> bool:
    return row.status in ANSWERED and said(session, id_of(row), Role.ASSISTANT) is not None


def standing(conversation_id: str) -> SelectOfScalar[int | None]:
    """The ids of the tries that stand, one a message."""
    of_conversation = col(TurnRow.conversation_id) == conversation_id, col(TurnRow.superseded).is_(False)
    return select(func.max(TurnRow.id)).where(*of_conversation).group_by(origin)
