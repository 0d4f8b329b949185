"""What became of local answers: the verdicts that the router learns from."""

from collections.abc import Mapping
from typing import TypeGuard

from sqlmodel import Session, col, select

from chatapp.store.database import Book
from chatapp.store.models import ConversationRow, FeedbackRow, MessageRow, Role, TurnRow, TurnStatus
from chatapp.store.notices import NoticeCode
from chatapp.store.tries import decision_of, id_of, origin_of, together
from language import Language
from router.outcomes.verdicts import Outcome, OutcomeSource
from router.text.clean import clean
from router.text.followup import before, together_with
from router.types import SAFETY, Decision, Route

EARLIER_TEXTS = 8


class OutcomeLog(Book):
    """Reads of verdicts, of all users."""

    def all(self, language: Language | None) -> list[Outcome]:
        """Every local answer with a verdict, by time; of several verdicts the surest. `language` is the pack's.

        - Feedback: a thumb on a finished local answer, up good, down bad.
        - Escalated: bad; a guard gave the local wording up and the cloud was asked.
        - Second look: bad; a finished local answer was asked for again, here or of the cloud.

        Turns that a person sent to the cloud, that failed or were stopped, and those whose words were deleted have no
        outcome. The scores are those of the stored decision, the text is what the router read.
        """
        with self._database.read() as session:
            rows = session.exec(select(TurnRow).where(col(TurnRow.status) == TurnStatus.DONE).order_by(col(TurnRow.id)))
            turns = [(turn, decision) for turn in rows if _was_local(decision := decision_of(turn))]
            marks, newest = _marks(session), _newest_tries(session)
            texts, joins = _texts(session), _joins(session)
        found = []
        for turn, decision in turns:
            verdict = _verdict(turn, marks.get(id_of(turn), 0), newest.get(origin_of(turn), 0))
            said = texts.get(turn.conversation_id, {})
            if verdict is not None and origin_of(turn) in said:
                found.append(_outcome(decision, _read(turn, decision, said, joins, language), *verdict))
        return found


def _was_local(decision: Decision | None) -> TypeGuard[Decision]:
    """Whether the router chose the local route, with a fact of the pack's."""
    if decision is None or decision.category == SAFETY:
        return False
    return decision.route is Route.LOCAL and bool(decision.facts)


def _verdict(turn: TurnRow, mark: int, newest: int) -> tuple[bool, OutcomeSource] | None:
    """Good or bad and by whom; None for a turn on which there is none. A thumb is for the words that are shown."""
    if mark and turn.route is Route.LOCAL:
        return mark > 0, OutcomeSource.FEEDBACK
    if any(notice.get("code") == NoticeCode.ESCALATED for notice in turn.notices):
        return False, OutcomeSource.ESCALATED
    if turn.route is Route.LOCAL and newest > id_of(turn):
        return False, OutcomeSource.SECOND_LOOK
    return None


def _outcome(decision: Decision, text: str, good: bool, source: OutcomeSource) -> Outcome:
    best, no_fact = decision.facts[0], decision.no_fact
    if no_fact is None:  # decisions of older versions do not say; the other facts have little of the rest
        no_fact = max(0.0, 1 - sum(fact.probability for fact in decision.candidates or decision.facts))
    return Outcome(
        text=text,
        category=decision.category,
        fact_id=best.id,
        in_scope=decision.in_scope,
        best_fact=best.probability,
        no_fact=no_fact,
        good=good,
        source=source,
    )


def _read(
    turn: TurnRow, decision: Decision, said: Mapping[int, str], joins: Mapping[int, int], language: Language | None
) -> str:
    """The words as the router read them: all messages of the turn, with their context where they need it."""
    first = origin_of(turn)
    own = [turn_id for turn_id in sorted(said) if turn_id == first or joins.get(turn_id) == first]
    message = clean(together([said[turn_id] for turn_id in own]))
    if not decision.needs_context:
        return message
    texts = [clean(said[turn_id]) for turn_id in sorted(said) if turn_id < first and turn_id not in own]
    earlier = before(message, texts[-EARLIER_TEXTS:], language)
    return together_with(earlier[0], message) if earlier else message


def _marks(session: Session) -> dict[int, int]:
    return dict(session.exec(select(FeedbackRow.turn_id, FeedbackRow.value)).all())


def _newest_tries(session: Session) -> dict[int, int]:
    """By first try, the newest."""
    tries = select(TurnRow.again_of, TurnRow.id).where(col(TurnRow.again_of).is_not(None)).order_by(col(TurnRow.id))
    return {first: newest for first, newest in session.exec(tries) if first and newest}


def _joins(session: Session) -> dict[int, int]:
    """By turn whose message another one reads, that one's first try."""
    read = select(TurnRow.id, TurnRow.joined_into).where(col(TurnRow.joined_into).is_not(None))
    return {turn_id: into for turn_id, into in session.exec(read) if turn_id and into}


def _texts(session: Session) -> dict[str, dict[int, str]]:
    """What was asked, by conversation and turn; nothing of what is deleted."""
    asked = select(MessageRow.conversation_id, MessageRow.turn_id, MessageRow.content).join(ConversationRow)
    there = MessageRow.role == Role.USER, col(ConversationRow.deleted_at).is_(None)
    found: dict[str, dict[int, str]] = {}
    for conversation, turn, content in session.exec(asked.where(*there)):
        found.setdefault(conversation, {})[turn] = content
    return found
