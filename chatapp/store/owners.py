"""Whose a turn is that has not ended, and whether its process still lives: by the sign of life on its row.

A turn that is `running` or `queued` belongs to the process that took its message, which writes a beat on the row every
`BEAT_S` seconds. Who finds a row without a living owner ends it as `interrupted`: nobody will answer it.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from chatapp.store.database import Book, Database
from chatapp.store.models import OPEN, TurnRow, TurnStatus, utcnow
from chatapp.store.records import Turn
from chatapp.store.tries import seen, settle

BEAT_S = 3.0
"""Time between two signs of life, in seconds."""

MISSED_BEATS = 3
"""After so many without a sign the owner counts as dead."""

SERVER = "server-"
"""How the owner's name begins that has a SQLite database to itself, but for commands beside it."""


class Owners(Book):
    """Signs of life, and the end of turns that have none."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.name = uuid4().hex
        """The name of this process on its turns, a new one each time the store is opened."""

    def serve_alone(self) -> None:
        """Mark this process as the server that has the database to itself, and end what the one before it left."""
        self.name = f"{SERVER}{self.name}"
        self.interrupt_dead(sole=True)

    def beat(self, turn_ids: Collection[int]) -> None:
        """Write that these turns are alive."""
        with self._database.write() as session:
            session.exec(update(TurnRow).where(col(TurnRow.id).in_(turn_ids)).values(beat_at=now(session)))

    def interrupt_dead(self, live: Collection[int] = (), *, sole: bool = False) -> list[Turn]:
        """Ends, as `interrupted`, every turn without a living owner; what had come of their answers is kept.

        `live` are this process's own, whatever their rows say. `sole`, for the start of a server that holds the
        database's lock: what another server left is dead, be its last beat ever so young.
        """
        with self._database.read() as session:  # the common case, every few seconds: nothing to do, and nothing written
            if not self._dead(session, _open_turns(session), live, sole=sole):
                return []
        with self._database.write() as session:
            dead = self._dead(session, _open_turns(session, lock=True), live, sole=sole)
            interrupt(session, dead)
            return [seen(session, turn) for turn in dead]

    def interrupt(self, turn_ids: Collection[int]) -> None:
        """Ends these turns as `interrupted`, if they have not ended."""
        with self._database.write() as session:
            rows = session.exec(select(TurnRow).where(col(TurnRow.id).in_(turn_ids), OPEN).with_for_update())
            interrupt(session, rows.all())

    def _dead(
        self, session: Session, turns: Iterable[TurnRow], live: Collection[int], *, sole: bool = False
    ) -> list[TurnRow]:
        oldest = now(session) - timedelta(seconds=MISSED_BEATS * BEAT_S)
        return [
            turn
            for turn in turns
            if turn.id not in live and (silent(turn, oldest) or (sole and self._of_another_server(turn)))
        ]

    def _of_another_server(self, turn: TurnRow) -> bool:
        return turn.owner != self.name and (turn.owner or SERVER).startswith(SERVER)

    def living(self, session: Session, conversation_id: str, live: Collection[int]) -> list[TurnRow]:
        """The conversation's open turns that somebody answers, oldest first; the others are ended on the spot.

        `live` are those of this process: it knows of each whether it lives, and need not wait for missed beats.
        """
        turns = _open_turns(session, conversation_id)
        dead = self._dead(session, turns, live)
        dead += [turn for turn in turns if turn.owner == self.name and turn.id not in live and turn not in dead]
        interrupt(session, dead)
        return [turn for turn in turns if turn not in dead]


def silent(turn: TurnRow, oldest: datetime) -> bool:
    """Whether the last beat is older than `oldest`, or as far in the future: a clock was set back since."""
    if turn.beat_at is None:
        return True
    return turn.beat_at < oldest or turn.beat_at - oldest > timedelta(seconds=2 * MISSED_BEATS * BEAT_S)


def interrupt(session: Session, turns: Iterable[TurnRow]) -> None:
    """End the turns as `interrupted`."""
    for turn in turns:
        turn.status = TurnStatus.INTERRUPTED
        settle(session, turn)


def _open_turns(session: Session, conversation_id: str | None = None, *, lock: bool = False) -> list[TurnRow]:
    wanted = select(TurnRow).where(OPEN).order_by(col(TurnRow.id))
    if conversation_id is not None:
        wanted = wanted.where(TurnRow.conversation_id == conversation_id)
    return list(session.exec(wanted.with_for_update() if lock else wanted))


def now(session: Session) -> datetime:
    """This moment by the clock that all owners share: the server's of PostgreSQL, this machine's for SQLite."""
    if session.get_bind().dialect.name != "postgresql":
        return utcnow()
    moment: datetime = session.connection().scalar(select(func.clock_timestamp()))
    return moment
