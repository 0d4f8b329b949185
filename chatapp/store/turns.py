"""One turn, from the message that begins it to the answer that ends it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from chatapp.characters import storable
from chatapp.errors import BusyError, NotFoundError
from chatapp.store.conversations import forget_words, one_line
from chatapp.store.database import Book, Database
from chatapp.store.models import ConversationRow, MessageRow, Role, TurnRow, TurnStatus, utcnow
from chatapp.store.owners import Owners, now
from chatapp.store.records import Turn
from chatapp.store.tries import (
    existing,
    id_of,
    locked_conversation,
    origin,
    origin_of,
    said,
    seen,
    settle,
    the_turn,
    words_kept,
)
from router.types import Mode, Route

FIRST_TITLE_CHARS = 60
"""Length of a title made from a first message, in characters."""

_OPEN = (TurnStatus.RUNNING, TurnStatus.INTERRUPTED)


class Turns(Book):
    """Turns and their words. At most one turn of a conversation runs, which the database enforces too."""

    def __init__(self, database: Database, owners: Owners) -> None:
        super().__init__(database)
        self._owners = owners

    def get(self, user_id: str, turn_id: int) -> Turn:
        """Raises NotFoundError also for another user's turn and for one of a deleted conversation."""
        with self._database.read() as session:
            row = the_turn(session, turn_id)
            conversation = session.get(ConversationRow, row.conversation_id)
            if existing(conversation, row.conversation_id).user_id != user_id:
                raise NotFoundError(f"There is no turn {turn_id!r}.", "Reload the page.")
            return seen(session, row)

    def begin(
        self,
        conversation_id: str,
        text: str,
        client_id: str | None = None,
        requested_route: str | None = None,
        mode: str = "hybrid",
        *,
        live: Collection[int] = (),
        most_waiting: int = 0,
    ) -> Turn:
        """Commits the user's message and its turn, together; the first message also makes the title.

        The turn runs; or it is `queued`, if others of the conversation have not ended. `live` are those that this
        process answers or has waiting: an open turn that nobody answers is interrupted on the spot. A `client_id`
        that the conversation has seen before stores nothing and gives the newest try of its message, marked `resent`.
        Raises NotFoundError, and BusyError where `most_waiting` wait already.
        """
        with self._database.write() as session:
            conversation = existing(locked_conversation(session, conversation_id), conversation_id)
            known = _sent_before(session, conversation_id, client_id)
            if known is not None:
                return seen(session, known, resent=True)
            ahead = self._owners.living(session, conversation_id, live)
            if len(ahead) > most_waiting:
                raise _busy(most_waiting)
            turn = TurnRow(
                conversation_id=conversation_id,
                requested_route=_route(requested_route),
                mode=Mode(mode),
                status=TurnStatus.QUEUED if ahead else TurnStatus.RUNNING,
            )
            self._begin(session, conversation, turn)
            message = MessageRow(
                conversation_id=conversation_id,
                turn_id=id_of(turn),
                role=Role.USER,
                content=storable(text),
                client_id=client_id,
            )
            session.add(message)
            conversation.title = conversation.title or one_line(text, FIRST_TITLE_CHARS)
            return seen(session, turn)

    def begin_again(
        self, turn_id: int, requested_route: str | None = None, mode: str = "hybrid", *, live: Collection[int] = ()
    ) -> Turn:
        """A new running try at the same message; of a message that another turn read, at all that this one read.

        The older try is superseded only once the new one has an answer. Raises NotFoundError, and BusyError
        while a turn of the conversation runs or waits.
        """
        with self._database.write() as session:
            old = the_turn(session, turn_id)
            conversation = existing(locked_conversation(session, old.conversation_id), old.conversation_id)
            session.refresh(old)
            if self._owners.living(session, conversation.id, live):
                raise _busy(0)
            turn = TurnRow(
                conversation_id=conversation.id,
                again_of=old.joined_into or origin_of(old),
                requested_route=_route(requested_route),
                mode=Mode(mode),
            )
            return seen(session, self._begin(session, conversation, turn))

    def begin_next(
        self, turn_ids: Sequence[int], joining: int | None = None, *, live: Collection[int] = ()
    ) -> Turn | None:
        """Begins the last of these queued turns, which reads the messages of the others too: they end as `joined`.

        `joining` is a running turn that has shown no word and is read with them; if it has ended meanwhile, its end
        stands. None while another turn of the conversation is before them. Raises NotFoundError where none of them
        waits any more.
        """
        with self._database.write() as session:
            first = the_turn(session, turn_ids[0])
            conversation = existing(locked_conversation(session, first.conversation_id), first.conversation_id)
            ahead = self._owners.living(session, conversation.id, {*live, *turn_ids, *([joining] if joining else [])})
            read = [row for row in ahead if row.id == joining or row.id in turn_ids]
            if not any(row.status is TurnStatus.QUEUED for row in read):
                raise NotFoundError("The message does not wait any more.", "Reload the page.")
            if any(row not in read and id_of(row) < max(turn_ids) for row in ahead):
                return None
            *before, turn = read
            for row in before:
                _join(session, row, turn)
            turn.status = TurnStatus.RUNNING
            return seen(session, turn)

    def _begin(self, session: Session, conversation: ConversationRow, turn: TurnRow) -> TurnRow:
        turn.owner, turn.beat_at = self._owners.name, now(session)
        conversation.updated_at = utcnow()
        session.add(turn)
        session.flush()
        return turn

    def routed(
        self,
        turn_id: int,
        decision_json: Mapping[str, Any],
        route: str,
        category: str | None,
        policy_version: str | None,
        routing_ms: float,
    ) -> None:
        """Notes where the router sends the turn, and why. `decision_json` is `Decision.as_json()`."""
        with self._database.write() as session:
            turn, alive = _held(session, turn_id)
            turn.decision, turn.route, turn.category = dict(decision_json), _route(route), category
            turn.policy_version, turn.routing_ms = policy_version, routing_ms
            if not alive:
                forget_words(turn)

    def save_partial(self, turn_id: int, text: str) -> None:
        """Keeps what has come of the answer so far. Does nothing for a turn that has ended or was deleted."""
        with self._database.write() as session:
            turn, alive = _held(session, turn_id)
            if alive and turn.status is TurnStatus.RUNNING:
                _keep_answer(session, turn, text)

    def finish(  # noqa: PLR0913 - a turn ends with all of it, in one transaction
        self,
        turn_id: int,
        status: str,
        text: str,
        *,
        route: str | None = None,
        decision: Mapping[str, Any] | None = None,
        sources: Sequence[Mapping[str, Any]] = (),
        notices: Sequence[Mapping[str, Any]] = (),
        error_code: str | None = None,
        ttft_ms: float | None = None,
        total_ms: float | None = None,
    ) -> Turn:
        """Ends a turn; `route` and `decision` (`Decision.as_json()`) are as it ended, None for what `routed` said.

        The first terminal status wins, except over `interrupted`.

        With an answer, the message's other tries become superseded; without one, and if another has one, this
        does. Of a deleted conversation no words are kept.
        """
        with self._database.write() as session:
            turn, alive = _held(session, turn_id)
            if turn.status not in _OPEN:
                return seen(session, turn)
            turn.sources, turn.notices = [dict(item) for item in sources], [dict(item) for item in notices]
            turn.status, turn.route = TurnStatus(status), _route(route) or turn.route
            turn.error_code, turn.ttft_ms, turn.total_ms = error_code, ttft_ms, total_ms
            turn.decision = dict(decision) if decision else turn.decision
            if alive:
                _keep_answer(session, turn, text)
            else:
                forget_words(turn)
            settle(session, turn)
            return seen(session, turn)


def _route(name: str | None) -> Route | None:
    return None if name is None else Route(name)


def _busy(most_waiting: int) -> BusyError:
    if most_waiting:
        return BusyError(
            f"{most_waiting} of your messages are waiting already.", "Wait for an answer, then send again."
        )
    return BusyError("The last message is still being answered.", "Wait for the answer or stop it, then send again.")


def _join(session: Session, turn: TurnRow, into: TurnRow) -> None:
    """End `turn`, whose message and those that it read itself are read by `into` instead."""
    moved = update(TurnRow).where(col(TurnRow.joined_into) == id_of(turn)).values(joined_into=id_of(into))
    session.exec(moved)
    turn.status, turn.joined_into = TurnStatus.JOINED, id_of(into)
    session.flush()


def _sent_before(session: Session, conversation_id: str, client_id: str | None) -> TurnRow | None:
    if client_id is None:
        return None
    sent = select(MessageRow.turn_id).where(
        MessageRow.conversation_id == conversation_id, MessageRow.client_id == client_id
    )
    newest = select(TurnRow).where(origin.in_(sent)).order_by(col(TurnRow.id).desc()).limit(1)
    return session.exec(newest).first()


def _held(session: Session, turn_id: int) -> tuple[TurnRow, bool]:
    """The turn, its conversation locked, and whether words may be kept: not of one that is deleted for good."""
    turn = the_turn(session, turn_id)
    conversation = locked_conversation(session, turn.conversation_id)
    session.refresh(turn)
    return turn, conversation is not None and words_kept(conversation)


def _keep_answer(session: Session, turn: TurnRow, text: str) -> None:
    if not text:
        return
    message = said(session, id_of(turn), Role.ASSISTANT) or MessageRow(
        conversation_id=turn.conversation_id, turn_id=id_of(turn), role=Role.ASSISTANT, content=""
    )
    message.content = storable(text)
    session.add(message)
