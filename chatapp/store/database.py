"""One database: opened, migrated, and lent out in short sessions. Safe to use from any number of threads."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlmodel import Session, SQLModel

from chatapp.errors import DatabaseError
from chatapp.store.failures import explained, masked
from chatapp.store.migrate import upgrade

BUSY_TIMEOUT_S = 5
"""How long a writer waits for another one, in seconds."""

PROBE_EVERY_S = 10.0
"""A health probe writes at most so often, and not at all while others do: each write is a flush to the disk."""

_USABLE = "Use sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME."


class Database:
    """The engines that read and write, and a short session of either.

    `read()` is for looking. `write()` commits when its block ends and rolls back when it raises. Both raise
    DatabaseError for whatever the database does.
    """

    def __init__(self, reader: Engine, writer: Engine) -> None:
        self.reader, self.writer = reader, writer
        self._wrote_at: float | None = None
        self._refused: tuple[float, DatabaseError] | None = None
        self.where = shown(reader.url)

    @classmethod
    def open(cls, url: str) -> Self:
        """The database at `url`, created if missing and brought to the newest revision.

        Raises DatabaseError: not a URL, not reachable, not writable, locked for 5 s, or from a newer version.
        """
        parsed = _parsed(url)
        with explained(shown(parsed)):
            database = cls(*_engines(parsed))
            try:
                upgrade(database.writer)
            except BaseException:
                database.close()
                raise
        return database

    def close(self) -> None:
        """Closes every idle connection."""
        self.reader.dispose()
        self.writer.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ping(self) -> None:
        """Reads nothing, and writes what is there already unless something was written, or refused, a moment ago.

        Raises DatabaseError if the database does not answer or takes nothing.
        """
        with self.read() as session:
            session.connection().exec_driver_sql("SELECT 1")
        # Told at once: in line behind writers that wait for a lock, half a minute would be gone.
        if self._refused and time.monotonic() - self._refused[0] < PROBE_EVERY_S:
            _, refusal = self._refused
            raise DatabaseError(refusal.what, refusal.hint)
        if self._wrote_at is None or time.monotonic() - self._wrote_at > PROBE_EVERY_S:
            with self.write() as session:
                session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = version_num")

    def empty_log(self) -> bool:
        """Leaves nothing in SQLite's write-ahead log, where pages stand as they were before the last changes.

        False if somebody who reads needs it just now: then try again later.
        """
        if self.writer.dialect.name != "sqlite":
            return True
        with explained(self.where), closing(self.writer.raw_connection()) as connection:
            busy, *_ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking."""
        with explained(self.where), Session(self.reader) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session for changing; committed at the end of its block."""
        try:
            with explained(self.where), Session(self.writer) as session:
                yield session
                session.commit()
        except DatabaseError as error:
            self._wrote_at = None
            self._refused = (time.monotonic(), error) if error.may_pass else None
            raise
        self._wrote_at, self._refused = time.monotonic(), None


class Book:
    """What is written of one matter in a database; every method has a short session of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database


def add_if_absent(session: Session, row: SQLModel) -> bool:
    """Adds the row unless another with its key is there, be it since a moment ago. Whether it was added."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def shown(url: URL) -> str:
    """The URL without its password, in whichever of the two places it stands."""
    query = {name: "***" if "pass" in name else value for name, value in url.query.items()}
    return url.set(query=query).render_as_string()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseError(f"The database URL {masked(url)!r} cannot be read.", _USABLE) from None
    where, backend = shown(parsed), parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise DatabaseError(f"The database {where!r} is of a kind that is not supported.", _USABLE)
    if backend == "sqlite" and (":memory:" in (parsed.database or ":memory:") or parsed.query.get("mode") == "memory"):
        raise DatabaseError(f"The database {where!r} lives in memory, where threads cannot share it.", _USABLE)
    return parsed


def _engines(url: URL) -> tuple[Engine, Engine]:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    options = f"-c timezone=utc -c lock_timeout={BUSY_TIMEOUT_S}s"
    arguments = {"connect_timeout": BUSY_TIMEOUT_S, "options": options}
    engine = create_engine(url, connect_args=arguments, pool_pre_ping=True, pool_size=16, max_overflow=16)
    return engine, engine


def _sqlite(url: URL) -> tuple[Engine, Engine]:
    _private_file(url.database or "")
    # isolation_level None keeps the driver from beginning transactions by itself; the listeners do it.
    arguments = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None}
    reader = create_engine(url, connect_args=arguments, pool_size=16, max_overflow=16)
    # One connection, for which our writers stand in line: SQLite would have them poll, and some never win.
    writer = create_engine(url, connect_args=arguments, pool_size=1, max_overflow=0)
    # A writer that began as a reader fails at once, without the busy timeout, if another wrote in between.
    for engine, begin in ((reader, "BEGIN"), (writer, "BEGIN IMMEDIATE")):
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", partial(Connection.exec_driver_sql, statement=begin))
    return reader, writer


def _private_file(name: str) -> None:
    """Makes the file, readable by its owner only: it holds what people wrote. A `file:` URI is left alone."""
    if not name.startswith("file:"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch(mode=0o600)


def _prepare(connection: Any, _record: object) -> None:
    # FULL, not NORMAL: with NORMAL a power cut may undo the last commits, and the user's words were promised
    # kept.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    # SQLite's own lower() knows ASCII only, and searches fold case with it.
    connection.create_function("lower", 1, lambda text: text and text.lower(), deterministic=True)
