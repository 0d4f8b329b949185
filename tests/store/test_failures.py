"""Each way in which a database fails, caused for real where it can be, and what the operator then reads."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, exc

from chatapp.errors import DatabaseError
from chatapp.store import Store
from chatapp.store.failures import explained, masked
from tests.store.conftest import USER


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "firstline.db"


def told(error: DatabaseError, *words: str) -> None:
    """The error says all the words, a remedy, and no password."""
    assert error.hint
    for word in words:
        assert word in str(error)


def opening(url: str) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught:
        Store.open(url).close()
    return caught.value


@pytest.fixture
def lock(store: Store, file: Path) -> Iterator[None]:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


def pragma(store: Store, setting: str) -> None:
    """Has the store's writer connect anew, with the setting."""
    store.database.writer.dispose()
    event.listen(store.database.writer, "connect", lambda made, _: made.execute(f"PRAGMA {setting}").close())


def test_ping(store: Store, file: Path) -> None:
    store.database.ping()
    store.close()
    file.write_bytes(b"no longer a database " * 500)
    with pytest.raises(DatabaseError, match="not a database"):
        store.database.ping()


def test_locked(store: Store, talk: str, lock: None) -> None:
    pragma(store, "busy_timeout=50")
    with pytest.raises(DatabaseError) as caught:
        store.turns.begin(talk, "Hello")
    told(caught.value, "locked by another program", "Close what else uses it", "firstline.db")
    assert store.conversations.get(USER, talk).title == ""


def test_a_probe_tells_at_once_what_a_write_was_just_told(store: Store, talk: str, file: Path) -> None:
    pragma(store, "busy_timeout=50")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseError):
        store.turns.begin(talk, "Hello")
    pragma(store, "busy_timeout=9000")
    began = time.monotonic()
    with pytest.raises(DatabaseError, match="locked"):
        store.database.ping()
    assert time.monotonic() - began < 5  # it did not wait for the lock
    other.close()
    store.turns.begin(talk, "Hello")
    store.database.ping()


def test_the_busy_timeout_is_five_seconds(store: Store) -> None:
    with store.database.read() as session:
        pragmas = {
            name: session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("busy_timeout", "journal_mode", "foreign_keys", "synchronous")
        }
    assert pragmas == {"busy_timeout": 5000, "journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}


def test_read_only_file(store: Store, file: Path) -> None:
    told(opening(f"sqlite:///file:{file}?mode=ro&uri=true"), "cannot be written to", "write access")


def test_no_room(store: Store, talk: str) -> None:
    store.database.writer.dispose()
    limit = "PRAGMA max_page_count=1"
    event.listen(store.database.writer, "connect", lambda connection, _: connection.execute(limit).close())
    with pytest.raises(DatabaseError) as caught:
        store.turns.begin(talk, "x" * 1_000_000)
    told(caught.value, "no room left", "Free space")
    assert store.exchanges.of(talk) == []


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    told(opening(f"sqlite:///{tmp_path}"), "cannot be opened", "not a folder")


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    told(opening(f"sqlite:///{tmp_path}/plain/firstline.db"), "cannot be opened")


def test_garbage(file: Path) -> None:
    file.write_bytes(b"This is a letter, not a database. " * 200)
    told(opening(f"sqlite:///{file}"), "is not a database", "FIRSTLINE_DATABASE_URL")
    assert file.read_bytes().startswith(b"This is a letter")


def test_damaged(store: Store, file: Path) -> None:
    store.close()
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    told(opening(f"sqlite:///{file}"), "damaged", "backup")


def test_a_newer_version(store: Store, file: Path, url: str) -> None:
    other = sqlite3.connect(file)
    other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.commit()
    other.close()
    told(opening(url), "newer version", "'9999'", "Install that version")


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("nonsense", "cannot be read"),
        ("", "cannot be read"),
        ("postgresql://ann:hush@host:port/db", "cannot be read"),
        ("mysql://ann:hush@host/db", "not supported"),
        ("postgres://ann:hush@host/db", "not supported"),
        ("postgresql+nodriver://ann:hush@host/db", "not supported"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "in memory"),
    ],
)
def test_urls_that_cannot_be_used(url: str, word: str) -> None:
    error = opening(url)
    told(error, word, "sqlite:///PATH")
    assert "hush" not in str(error)


def test_masked_hides_any_password() -> None:
    assert masked("postgresql://ann:p@ss:w/rd@host:x/db") == "postgresql://ann:***@host:x/db"


class DriverError(Exception):
    """An error as psycopg raises it: with a SQLSTATE, None when no connection came about."""

    def __init__(self, message: str, sqlstate: str | None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("message", "sqlstate", "words"),
    [
        ("canceling statement due to lock timeout", "55P03", "locked"),
        ("cannot execute INSERT in a read-only transaction", "25006", "cannot be written"),
        ("could not extend file", "53100", "no room"),
        ("too many connections", "53300", "no more connections"),
        ("permission denied for schema public", "42501", "Grant the user"),
        ("terminating connection due to administrator command", "57P01", "cannot be reached"),
        ('FATAL:  password authentication failed for user "ann"', None, "user or password"),
        ('connection failed: FATAL:  database "x" does not exist', None, "does not exist"),
        (
            "connection failed: connection to server at 127.0.0.1 failed: Connection refused",
            None,
            "be reached",
        ),
        ("failed to resolve host 'x': Name or service not known", None, "be reached"),
        ("connection timeout expired", None, "be reached"),
        ("FATAL:  sorry, too many clients already", None, "no more connections"),
        ("something else", None, "something else"),
        ("syntax error", "42601", "syntax error"),
    ],
)
def test_what_postgresql_says(message: str, sqlstate: str | None, words: str) -> None:
    with pytest.raises(DatabaseError, match=words) as caught, explained("postgresql://ann:***@host/db"):
        raise exc.OperationalError("SELECT 1", {}, DriverError(message, sqlstate))
    told(caught.value, "postgresql://ann:***@host/db")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (exc.TimeoutError("QueuePool limit"), "no free connection"),
        (ModuleNotFoundError("No module named 'psycopg'"), r"firstline\[postgres\]"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
        (exc.InvalidRequestError("odd"), "odd"),
    ],
)
def test_other_errors(error: Exception, word: str) -> None:
    with pytest.raises(DatabaseError, match=word), explained("x"):
        raise error


def kinds(base: type[Any]) -> Iterator[type[Any]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


def made(kind: type[Any]) -> Any:
    """An error of the kind, with as many arguments as it takes."""
    for count in range(5):
        with contextlib.suppress(Exception):
            return kind(*[None] * count)
    return kind.__new__(kind)


@pytest.mark.parametrize("kind", sorted(set(kinds(exc.SQLAlchemyError)), key=str), ids=lambda kind: kind.__name__)
def test_no_sqlalchemy_error_escapes(kind: type[Any]) -> None:
    with pytest.raises(DatabaseError) as caught, explained("x"):
        raise made(kind)
    told(caught.value, "'x'")


def test_the_file_is_private_and_its_folder_is_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "a.db"
    with Store.open(f"sqlite:///{file}") as store:
        store.conversations.ensure_user(USER)
        modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert set(modes) == {"a.db", "a.db-wal", "a.db-shm"}
    assert set(modes.values()) == {0o600}


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_what_was_committed_survives_a_kill(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    script = (
        "import os, signal, sys; from chatapp.store import Store;"
        "s = Store.open(sys.argv[1]); s.owners.serve_alone(); s.conversations.ensure_user('ann');"
        "t = s.turns.begin(s.conversations.create('ann').id, 'Kept?');"
        "s.turns.save_partial(t.id, 'Ye');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script, url], check=False, timeout=60).returncode == -9
    with Store.open(url) as store:
        store.owners.serve_alone()
        (kept,) = store.exchanges.of(store.conversations.of("ann")[0].id)
    assert (kept.user_text, kept.answer_text, kept.turn.status) == ("Kept?", "Ye", "interrupted")


def test_an_error_of_the_file_below_the_engine_is_explained() -> None:
    with pytest.raises(DatabaseError, match="'x' failed: OperationalError"), explained("x"):
        raise sqlite3.OperationalError("disk I/O error")
