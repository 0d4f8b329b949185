"""What was said: turns and conversations as the pages, the prompts and the router read them."""

from sqlalchemy import ColumnElement, Integer, func, type_coerce
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from chatapp.store.database import Book
from chatapp.store.models import CallRow, ConversationRow, FeedbackRow, MessageRow, Role, TurnRow, TurnStatus
from chatapp.store.records import Exchange, Past, Turn
from chatapp.store.tries import (
    decision_of,
    existing,
    joined,
    origin,
    origin_of,
    standing,
    the_turn,
    together,
    with_text,
)
from router.types import SAFETY, Decision, Route


class Exchanges(Book):
    """Reads of one conversation."""

    def user_texts(self, conversation_id: str, before_turn: int, limit: int) -> list[str]:
        """The user's last messages before those that the turn answers, at most `limit`, oldest first."""
        with self._database.read() as session:
            first = origin_of(the_turn(session, before_turn))
            read_with_it = select(TurnRow.id).where(TurnRow.joined_into == first)
            asked = (
                select(MessageRow.content)
                .where(
                    MessageRow.conversation_id == conversation_id,
                    MessageRow.role == Role.USER,
                    col(MessageRow.turn_id) < first,
                    col(MessageRow.turn_id).not_in(read_with_it),
                )
                .order_by(col(MessageRow.turn_id).desc())
                .limit(limit)
            )
            return list(session.exec(asked))[::-1]

    def question_before(self, conversation_id: str, before_turn: int) -> Decision | None:
        """The decision to ask back that the message of this turn comes right after; None where nothing was asked."""
        with self._database.read() as session:
            first = origin_of(the_turn(session, before_turn))
            earlier = (
                select(TurnRow)
                .where(
                    col(TurnRow.id).in_(standing(conversation_id)),
                    col(TurnRow.status) != TurnStatus.JOINED,
                    origin < first,
                )
                .order_by(origin.desc())
                .limit(1)
            )
            turn = session.exec(earlier).first()
        decision = decision_of(turn) if turn and turn.route is Route.ASK else None
        return decision if decision and decision.options else None

    def of(self, conversation_id: str) -> list[Exchange]:
        """Every message with the try that stands for it, oldest first. Raises NotFoundError."""
        with self._database.read() as session:
            existing(session.get(ConversationRow, conversation_id), conversation_id)
            turns = session.exec(select(TurnRow).where(col(TurnRow.id).in_(standing(conversation_id))).order_by(origin))
            rows = turns.all()
            words = _words(session, conversation_id)
            costs, marks = _costs(session, conversation_id), _marks(session, conversation_id)
            before = joined(session, conversation_id)

        def asked(row: TurnRow) -> Turn:
            text = words.get((origin_of(row), Role.USER), "")
            return with_text(row, text, together([*before.get(origin_of(row), []), text]))

        return [
            Exchange(
                asked(row),
                words.get((row.id, Role.ASSISTANT), ""),
                costs.get(row.id, 0),
                marks.get(row.id, 0),
            )
            for row in rows
        ]

    def memory(self, conversation_id: str, before_turn: int) -> tuple[str, list[Past]]:
        """The summary and, of the same moment, the exchanges after it that a prompt needs; see `live_history`."""
        with self._database.read() as session:
            row = existing(session.get(ConversationRow, conversation_id), conversation_id)
            before = _origin(session, before_turn)
            return row.summary, _past(session, conversation_id, row.summary_through, before)

    def live_history(
        self, conversation_id: str, after_turn: int | None = None, before_turn: int | None = None
    ) -> list[Past]:
        """What a prompt needs besides the summary: exchanges with an answer (done or stopped), oldest first.

        Each message comes once, with the try that stands. Left out are messages of danger, of which no model is told;
        `after_turn` and everything before it (None: what the summary covers); and `before_turn` (the turn to be
        answered), its other tries and everything after it. Raises NotFoundError.
        """
        with self._database.read() as session:
            row = existing(session.get(ConversationRow, conversation_id), conversation_id)
            after = row.summary_through if after_turn is None else _origin(session, after_turn)
            before = None if before_turn is None else _origin(session, before_turn)
            return _past(session, conversation_id, after, before)


_id: ColumnElement[int] = type_coerce(col(TurnRow.id), Integer)
_first: ColumnElement[int] = type_coerce(origin, Integer)


def _origin(session: Session, turn_id: int) -> int:
    return origin_of(the_turn(session, turn_id)) if turn_id else 0


def _past(session: Session, conversation_id: str, after: int, before: int | None) -> list[Past]:
    """Answered exchanges whose first try lies between the two ids, both excluded; see `live_history`."""
    asked, answer = aliased(MessageRow), aliased(MessageRow)
    statement = (
        select(_id, _first, asked.content, answer.content)
        .join(asked, (col(asked.turn_id) == origin) & (col(asked.role) == Role.USER))
        .join(answer, (col(answer.turn_id) == TurnRow.id) & (col(answer.role) == Role.ASSISTANT))
        .where(
            col(TurnRow.id).in_(standing(conversation_id)),
            col(TurnRow.status).in_([TurnStatus.DONE, TurnStatus.STOPPED]),
            func.coalesce(col(TurnRow.category), "") != SAFETY,
            origin > after,
            *([] if before is None else [origin < before]),
        )
        .order_by(origin)
    )
    read = joined(session, conversation_id)
    return [
        Past(turn_id, together([*read.get(first, []), text]), answer_text)
        for turn_id, first, text, answer_text in session.exec(statement)
    ]


def _words(session: Session, conversation_id: str) -> dict[tuple[int | None, str], str]:
    messages = select(MessageRow.turn_id, MessageRow.role, MessageRow.content)
    rows = session.exec(messages.where(MessageRow.conversation_id == conversation_id))
    return {(turn_id, role): content for turn_id, role, content in rows}


def _costs(session: Session, conversation_id: str) -> dict[int | None, int]:
    costs = select(CallRow.turn_id, func.sum(CallRow.cost_microusd)).join(TurnRow)
    rows = session.exec(costs.where(TurnRow.conversation_id == conversation_id).group_by(col(CallRow.turn_id)))
    return {turn_id: int(cost) for turn_id, cost in rows}


def _marks(session: Session, conversation_id: str) -> dict[int | None, int]:
    marks = select(FeedbackRow.turn_id, FeedbackRow.value).join(TurnRow)
    return dict(session.exec(marks.where(TurnRow.conversation_id == conversation_id)).all())
