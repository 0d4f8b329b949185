"""One database: opened, migrated, and lent out in short sessions. Safe to use from any number of threads."""

from collections.abc import Iterator
from contextlib import contextmanager
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

_USABLE = "Use sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME."


class Database:
    """An engine and its two kinds of session.

    `read()` sees one state of the database. `write()` commits when its block ends and rolls back when it
    raises. Both raise DatabaseError for whatever the database does.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.where = engine.url.render_as_string()
        self._writer = engine.execution_options(writes=True)

    @classmethod
    def open(cls, url: str) -> Self:
        """The database at `url`, created if missing and brought to the newest revision.

        Raises DatabaseError: not a URL, not reachable, not writable, locked for 5 s, or from a newer version.
        """
        parsed = _parsed(url)
        with explained(parsed.render_as_string()):
            database = cls(_engine(parsed))
            try:
                upgrade(database._writer)
            except BaseException:
                database.close()
                raise
        return database

    def close(self) -> None:
        """Closes every idle connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking."""
        with explained(self.where), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session for changing; committed at the end of its block."""
        with explained(self.where), Session(self._writer) as session:
            yield session
            session.commit()


def add_if_absent(session: Session, row: SQLModel) -> bool:
    """Adds the row unless another with its key is there, be it since a moment ago. Whether it was added."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def storable(text: str) -> str:
    """The text with what no database can hold, lone surrogates and NUL, replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseError(f"The database URL {masked(url)!r} cannot be read.", _USABLE) from None
    shown, backend = parsed.render_as_string(), parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise DatabaseError(f"The database {shown!r} is of a kind that is not supported.", _USABLE)
    if backend == "sqlite" and (parsed.database or ":memory:") == ":memory:":
        raise DatabaseError(
            f"The database {shown!r} lives in memory, where threads cannot share it.", _USABLE
        )
    return parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    options = f"-c timezone=utc -c lock_timeout={BUSY_TIMEOUT_S}s"
    arguments = {"connect_timeout": BUSY_TIMEOUT_S, "options": options}
    return create_engine(url, connect_args=arguments, pool_pre_ping=True, pool_size=16, max_overflow=16)


def _sqlite(url: URL) -> Engine:
    _private_file(url.database or "")
    # isolation_level None keeps the driver from beginning transactions by itself; `_begin` does it.
    arguments = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None}
    engine = create_engine(url, connect_args=arguments, pool_size=16, max_overflow=16)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


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


def _begin(connection: Connection) -> None:
    # A writer that began as a reader fails at once, without the busy timeout, if another wrote in between.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
