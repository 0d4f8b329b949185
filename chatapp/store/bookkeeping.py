"""What is written about turns: calls and their cost, ratings, and the versions of the routing policy."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlmodel import col, select

from chatapp.errors import NotFoundError, UserError
from chatapp.store.database import Database, add_if_absent
from chatapp.store.models import CallRow, FeedbackRow, Outcome, PolicyRow, Purpose
from chatapp.store.records import CallRecord, Policy
from chatapp.store.tries import existing, locked_conversation, the_turn
from router.types import Route


class Bookkeeping(Database):
    """The ledger of calls, ratings, and policies."""

    def record_call(self, record: CallRecord) -> None:
        """Books one call of a model. Its turn must exist, be its conversation deleted or not."""
        words = {
            "purpose": Purpose(record.purpose),
            "route": Route(record.route),
            "outcome": Outcome(record.outcome),
        }
        with self.write() as session:
            session.add(CallRow(**{**asdict(record), **words}))

    def calls(self, turn_id: int) -> list[CallRecord]:
        """The calls of a turn in the order in which they were booked."""
        with self.read() as session:
            rows = session.exec(select(CallRow).where(CallRow.turn_id == turn_id).order_by(col(CallRow.id)))
            return [CallRecord(**row.model_dump(exclude={"id", "created_at"})) for row in rows]

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
