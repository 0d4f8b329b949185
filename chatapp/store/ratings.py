"""What readers think of answers: a thumb up or down."""

from chatapp.errors import NotFoundError, UserError
from chatapp.store.database import Book
from chatapp.store.models import FeedbackRow
from chatapp.store.tries import existing, locked_conversation, the_turn


class Ratings(Book):
    """Ratings of turns, at most one of each by its user."""

    def rate(self, user_id: str, turn_id: int, value: int) -> None:
        """Sets the user's rating of a turn of theirs: +1 or -1, in place of an earlier one; 0 takes it back.

        Raises NotFoundError, also for another user's turn, and UserError for another value.
        """
        if value not in (1, 0, -1):
            raise UserError(f"A rating cannot be {value!r}.", "Send 1, -1, or 0 to take it back.")
        with self._database.write() as session:
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
