"""What was spent: a row for each call of a model, from before it is made to its end."""

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import and_, func
from sqlmodel import Session, col, select

from chatapp.errors import DatabaseError
from chatapp.store.database import Book, Database
from chatapp.store.models import CallRow, MessageRow, Outcome, Purpose, Role
from chatapp.store.records import CallRecord, OpenCall
from router.types import Route

log = logging.getLogger(__name__)


class Ledger(Book):
    """The calls of all turns."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._late: deque[tuple[int | None, CallRecord]] = deque()
        self._writing_late = Lock()

    def begin(self, record: CallRecord) -> int:
        """Books one call of a model and gives its row's id. Its turn must exist, be its conversation deleted or not.

        A call is booked with the outcome `open` before it is made, and brought to its end by `end`.
        """
        self.write_late()
        with self._database.write() as session:
            row = CallRow(**_columns(record))
            session.add(row)
            session.flush()
            return _id_of(row)

    def end(self, call_id: int, record: CallRecord, lost: Sequence[CallRecord] = ()) -> None:
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
                    with self._database.write() as session:
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
        with self._database.read() as session:
            return [OpenCall(_id_of(row), _record(row), text) for row, text in session.exec(open_ones)]

    def calls(self, turn_id: int) -> list[CallRecord]:
        """The calls of a turn in the order in which they were begun."""
        with self._database.read() as session:
            rows = session.exec(select(CallRow).where(CallRow.turn_id == turn_id).order_by(col(CallRow.id)))
            return [_record(row) for row in rows]


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
