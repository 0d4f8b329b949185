"""Whose conversations there are, and what they are called."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, or_
from sqlmodel import col, delete, exists, select
from sqlmodel.sql.expression import SelectOfScalar

from chatapp.characters import storable
from chatapp.store.database import Book, add_if_absent
from chatapp.store.models import ConversationRow, MessageRow, TurnRow, TurnStatus, UserRow, utcnow
from chatapp.store.records import Conversation
from chatapp.store.tries import UNDO_S, existing, locked_conversation, origin_of, the_turn, words_kept

TITLE_CHARS = 200
"""Longest title, in characters."""
WORDS = frozenset({"text", "detail"})
"""Keys of a turn's JSON under which words stand: what a model failed with may quote the conversation."""


class Conversations(Book):
    """Conversations and their rolling summaries. A deleted conversation is one that does not exist."""

    def ensure_user(self, user_id: str) -> None:
        """Makes the user unless there is one."""
        with self._database.write() as session:
            add_if_absent(session, UserRow(id=user_id))

    def create(self, user_id: str) -> Conversation:
        """A new, untitled conversation of the user, who must exist."""
        with self._database.write() as session:
            row = ConversationRow(id=uuid4().hex, user_id=user_id)
            session.add(row)
            session.flush()
            return _conversation(row)

    def of(self, user_id: str, find: str = "") -> list[Conversation]:
        """The user's conversations, the one last written to first.

        `find` keeps those whose title or messages contain it, in any letter case; `%` and `_` stand for
        themselves.
        """
        mine = select(ConversationRow).where(
            col(ConversationRow.user_id) == user_id, col(ConversationRow.deleted_at).is_(None)
        )
        if find:
            needle = storable(find)
            said = exists().where(
                col(MessageRow.conversation_id) == col(ConversationRow.id),
                func.lower(MessageRow.content).contains(needle.lower(), autoescape=True),
            )
            mine = mine.where(or_(func.lower(ConversationRow.title).contains(needle.lower(), autoescape=True), said))
        newest = col(ConversationRow.updated_at).desc(), col(ConversationRow.created_at).desc()
        with self._database.read() as session:
            return [_conversation(row) for row in session.exec(mine.order_by(*newest))]

    def get(self, user_id: str, conversation_id: str) -> Conversation:
        """Raises NotFoundError also for another user's."""
        with self._database.read() as session:
            return _conversation(_owned(session.get(ConversationRow, conversation_id), user_id, conversation_id))

    def rename(self, user_id: str, conversation_id: str, title: str) -> None:
        """Sets the title, made one line of at most 200 characters. Raises NotFoundError."""
        with self._database.write() as session:
            row = _owned(locked_conversation(session, conversation_id), user_id, conversation_id)
            row.title = one_line(title, TITLE_CHARS)

    def delete(self, user_id: str, conversation_id: str) -> None:
        """From now on the conversation does not exist; for `UNDO_S` seconds it can be brought back.

        After that no word of it is kept: see `forget_deleted`. What waits for an answer does not begin.
        Raises NotFoundError.
        """
        with self._database.write() as session:
            row = _owned(locked_conversation(session, conversation_id), user_id, conversation_id)
            row.deleted_at = utcnow()
            waiting = TurnRow.conversation_id == conversation_id, TurnRow.status == TurnStatus.QUEUED
            for turn in session.exec(select(TurnRow).where(*waiting)):
                turn.status = TurnStatus.INTERRUPTED

    def undelete(self, user_id: str, conversation_id: str) -> None:
        """Brings a conversation back. Raises NotFoundError once its time is up; one that was not deleted stays."""
        with self._database.write() as session:
            row = locked_conversation(session, conversation_id)
            if row is not None and words_kept(row):
                row.deleted_at = None
            _owned(row, user_id, conversation_id)

    def forget_deleted(self, after_s: float = UNDO_S) -> int:
        """Deletes every word of the conversations that were deleted at least `after_s` seconds ago; gives how many.

        Messages, titles, summaries, and the texts inside decisions, sources and notices go. Turns, calls and
        ratings stay, so that the ledger still adds up. SQLite's log holds the words until `Database.empty_log`.
        """
        since = utcnow() - timedelta(seconds=after_s)
        with self._database.write() as session:
            found = session.exec(_with_words(since).with_for_update()).all()
            for row in found:
                row.title = row.summary = ""
                session.exec(delete(MessageRow).where(col(MessageRow.conversation_id) == row.id))
                for turn in session.exec(select(TurnRow).where(TurnRow.conversation_id == row.id)):
                    forget_words(turn)
            return len(found)

    def summary(self, conversation_id: str) -> str:
        """The running summary, empty if there is none. Raises NotFoundError."""
        with self._database.read() as session:
            return existing(session.get(ConversationRow, conversation_id), conversation_id).summary

    def save_summary(self, conversation_id: str, text: str, through_turn_id: int) -> None:
        """Keeps the summary of all messages up to that turn's. Raises NotFoundError."""
        with self._database.write() as session:
            row = existing(locked_conversation(session, conversation_id), conversation_id)
            row.summary, row.summary_through = storable(text), origin_of(the_turn(session, through_turn_id))


def _with_words(deleted_before: datetime) -> SelectOfScalar[ConversationRow]:
    """The conversations that were deleted before that time, and of which there are words."""
    said = exists().where(col(MessageRow.conversation_id) == col(ConversationRow.id))
    words = or_(col(ConversationRow.title) != "", col(ConversationRow.summary) != "", said)
    return select(ConversationRow).where(col(ConversationRow.deleted_at) <= deleted_before, words)


def one_line(text: str, longest: int) -> str:
    """The text with every run of white space as one space, cut to `longest` characters."""
    return " ".join(storable(text).split())[:longest].rstrip()


def forget_words(turn: TurnRow) -> None:
    """Drops the texts inside the turn's JSON; ids, scores and codes stay for the figures."""
    turn.decision, turn.sources = _wordless(turn.decision), _wordless(turn.sources)
    turn.notices = _wordless(turn.notices)


def _wordless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _wordless(item) for key, item in value.items() if key not in WORDS}
    return [_wordless(item) for item in value] if isinstance(value, list) else value


def _owned(row: ConversationRow | None, user_id: str, conversation_id: str) -> ConversationRow:
    return existing(row if row is not None and row.user_id == user_id else None, conversation_id)


def _conversation(row: ConversationRow) -> Conversation:
    return Conversation(**row.model_dump(exclude={"deleted_at"}))
