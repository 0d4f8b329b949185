"""What is written about turns: calls and their cost, ratings, and the versions of the routing policy."""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import Engine, and_, func
from sqlmodel import Session, col, select

from chatapp.errors import DatabaseError, NotFoundError, UserError
from chatapp.store.database import Database, add_if_absent
from chatapp.store.models import CallRow, FeedbackRow, MessageRow, Outcome, PolicyRow, Purpose, Role
from chatapp.store.records import CallRecord, OpenCall, Policy
from chatapp.store.tries import existing, locked_conversation, the_turn
from router.types import Route

log = logging.getLogger(__name__)


class Bookkeeping(Database):
    """The ledger of calls, ratings, and policies."""

    def __init__(self, reader: Engine, writer: Engine) -> None:
        super().__init__(reader, writer)
        self._late: deque[tuple[int | None, CallRecord]] = deque()
        self._writing_late = Lock()

    def record_call(self, record: CallRecord) -> int:
        """Books one call of a model and gives its row's id. Its turn must exist, be its conversation deleted or not.

        A call is booked with the outcome `open` before it is made, and brought to its end by `end_call`.
        """
        self.write_late()
        with self.write() as session:
            row = CallRow(**_columns(record))
            session.add(row)
            session.flush()
            return _id_of(row)

    def end_call(self, call_id: int, record: CallRecord, lost: Sequence[CallRecord] = ()) -> None:
        """Writes how a call ended over what was booked when it began, be it over `interrupted`, and rows of their own
        for the tries that were `lost` before it. `interrupted` itself is written over no other end.

        What the database does not take now is kept, and written when it does: an answer that has come is not lost for
        its row, nor its row for a locked database.
        """
        self._late += [(call_id, record), *((None, each) for each in lost)]
        try:
            self.write_late()
        except DatabaseError as error:
            log.warning("the end of call %d will be booked later: %s", call_id, error)

    def write_late(self) -> None:
        """Writes the ends of calls that the database had no room or time for. Raises DatabaseError."""
        with self._writing_late:
            while self._late:
                try:
                    with self.write() as session:
                        _end(session, *self._late[0])
                except Exception as error:  # what can never be written must not stand before what can
                    if isinstance(error, DatabaseError) and error.may_pass:
                        raise
                    log.exception("the end of call %s cannot be booked", self._late[0][0])
                self._late.popleft()

    def open_calls(self, began_before: datetime | None = None) -> list[OpenCall]:
        """The calls that have not ended, or of those the ones that `began_before`, oldest first."""
        stale = [col(CallRow.created_at) < began_before] if began_before else []
        answer = and_(
            col(MessageRow.turn_id) == CallRow.turn_id,
            col(MessageRow.role) == Role.ASSISTANT,
            col(CallRow.purpose) == Purpose.ANSWER,
        )
        statement = select(CallRow, func.coalesce(MessageRow.content, "")).join(MessageRow, answer, isouter=True)
        open_ones = statement.where(CallRow.outcome == Outcome.OPEN, *stale).order_by(col(CallRow.id))
        with self.read() as session:
            return [OpenCall(_id_of(row), _record(row), text) for row, text in session.exec(open_ones)]

    def calls(self, turn_id: int) -> list[CallRecord]:
        """The calls of a turn in the order in which they were begun."""
        with self.read() as session:
            rows = session.exec(select(CallRow).where(CallRow.turn_id == turn_id).order_by(col(CallRow.id)))
            return [_record(row) for row in rows]

    def rate(self, user_id: str, turn_id: int, value: int) -> None:
        """Sets the user's rating of a turn of theirs: +1 or -1, in place of an earlier one; 0 takes it back.

        Raises NotFoundError, also for another user's turn, and UserError for another value.
        """
        if value not in (1, 0, -1):
            raise UserError(f"A rating cannot be {value!r}.", "Send 1, -1, or 0 to take it back.")
        with self.write() as session:
            turn = the_turn(session, turn_id)
            conversation = locked_conversation(session, turn.conversation_id)
            if existing(conversation, turn.conversation_id).user_id != user_id:
                raise NotFoundError(f"There is no turn {turn_id!r}.", "Reload the page.")
            old = session.get(FeedbackRow, (turn_id, user_id))
            if old is not None:
                session.delete(old)
                session.flush()
            if value:
                session.add(FeedbackRow(turn_id=turn_id, user_id=user_id, value=value))

    def record_policy(self, version: str, content: Mapping[str, Any], who: str, why: str) -> None:
        """Keeps a version of the policy; the same again changes nothing.

        Raises UserError if the version is known with another content.
        """
        with self.write() as session:
            row = PolicyRow(version=version, content=dict(content), who=who, why=why)
            if add_if_absent(session, row):
                return
            if session.get_one(PolicyRow, version).content != dict(content):
                raise UserError(f"The policy {version!r} is recorded with other content.", "Give it a new version.")

    def policies(self) -> list[Policy]:
        """Every version, newest first."""
        with self.read() as session:
            rows = session.exec(select(PolicyRow).order_by(col(PolicyRow.created_at).desc()))
            return [Policy(**row.model_dump()) for row in rows]


def _end(session: Session, call_id: int | None, record: CallRecord) -> None:
    if call_id is None:
        session.add(CallRow(**_columns(record)))
        return
    row = session.get(CallRow, call_id, with_for_update=True)
    if row is not None and (row.outcome is Outcome.OPEN or record.outcome != Outcome.INTERRUPTED):
        row.sqlmodel_update(_columns(record))


def _columns(record: CallRecord) -> dict[str, Any]:
    words = {
        "purpose": Purpose(record.purpose),
        "route": Route(record.route),
        "outcome": Outcome(record.outcome),
    }
    return {**asdict(record), **words}


def _record(row: CallRow) -> CallRecord:
    return CallRecord(**row.model_dump(exclude={"id", "created_at"}))


def _id_of(row: CallRow) -> int:
    assert row.id is not None
    return row.id
