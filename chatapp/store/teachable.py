"""Turns whose answers may teach the local model: liked local ones, and the cloud's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import col, select

from chatapp.store.database import Book
from chatapp.store.models import ConversationRow, FeedbackRow, MessageRow, Role, TurnRow, TurnStatus
from chatapp.store.notices import NoticeCode
from chatapp.store.tries import decision_of, id_of, origin, origin_of
from router.types import Route

NOT_FOR_LEARNING = frozenset({NoticeCode.INCOMPLETE, NoticeCode.UNBACKED})
"""Notices under cloud answers that are cut short, or have figures that are not ours: nobody should learn them."""


@dataclass(frozen=True, slots=True)
class TeachableTurn:
    """A local answer that was liked, or one of the cloud that was not disliked.

    `fact` is the id, and `fact_text` the wording then, of what a local answer rests on; of the cloud's both are "".
    `nearest` are the ids of the facts that were likeliest, best first.
    """

    id: int
    at: datetime
    route: Route
    category: str
    question: str
    answer: str
    fact: str
    fact_text: str
    nearest: tuple[str, ...]


class TeachableLog(Book):
    """Reads of answers, of all users."""

    def all(self) -> list[TeachableTurn]:
        """Finished answers from which something can be learnt, by time; none of a deleted conversation, and none
        to several messages at once, for no one question led to it.

        - Local: with a thumb up, and from one fact alone; of several the answer is not one fact's wording.
        - Cloud: without a thumb down, and to a message that stands by itself; what needs an earlier one would be
          learnt without it. Not one that is incomplete, or has figures that nothing approved bears out. Of several
          tries of the cloud the one that stands.
        """
        asked, answered = aliased(MessageRow), aliased(MessageRow)
        statement = (
            select(TurnRow, asked.content, answered.content)
            .join(ConversationRow, col(ConversationRow.id) == TurnRow.conversation_id)
            .join(asked, (col(asked.turn_id) == origin) & (col(asked.role) == Role.USER))
            .join(answered, (col(answered.turn_id) == TurnRow.id) & (col(answered.role) == Role.ASSISTANT))
            .where(col(ConversationRow.deleted_at).is_(None), TurnRow.status == TurnStatus.DONE)
            .order_by(col(TurnRow.id))
        )
        with self._database.read() as session:
            marks = dict(session.exec(select(FeedbackRow.turn_id, FeedbackRow.value)).all())
            rows = session.exec(statement).all()
            several = set(session.exec(select(TurnRow.joined_into).where(col(TurnRow.joined_into).is_not(None))))
            found = [
                _logged(turn, question, answer, marks.get(id_of(turn), 0))
                for turn, question, answer in rows
                if origin_of(turn) not in several
            ]
        return [turn for turn in found if turn is not None]


def _logged(turn: TurnRow, question: str, answer: str, mark: int) -> TeachableTurn | None:
    """None for a turn that teaches nothing."""
    decision = decision_of(turn)
    asked, needs_context = (decision.asked, decision.needs_context) if decision else (1, False)
    source: Mapping[str, Any] = {}
    if turn.route is Route.LOCAL and mark > 0 and asked == 1 and turn.sources:
        source = turn.sources[0]
    elif turn.route is not Route.CLOUD or mark < 0 or turn.superseded or needs_context or _doubtful(turn):
        return None
    nearest = (decision.candidates or decision.facts) if decision else ()
    return TeachableTurn(
        id=id_of(turn),
        at=turn.created_at,
        route=turn.route,
        category=turn.category or "",
        question=question,
        answer=answer,
        fact=source.get("id", ""),
        fact_text=source.get("text", ""),
        nearest=tuple(fact.id for fact in nearest),
    )


def _doubtful(turn: TurnRow) -> bool:
    return any(notice.get("code") in NOT_FOR_LEARNING for notice in turn.notices)
