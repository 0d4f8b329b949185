"""What goes wrong with a database, as a DatabaseError that says what to do. No driver's exception passes."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from chatapp.errors import DatabaseError


class _Failure(NamedTuple):
    """`may_pass`: the same write may succeed once somebody has put that right."""

    what: str
    hint: str
    may_pass: bool = True


_LOCKED = _Failure(
    "is locked by another program", "Close what else uses it (a backup, a database browser), and try again."
)
_READ_ONLY = _Failure(
    "cannot be written to", "Give the user that runs this program write access to the file and its folder."
)
_FULL = _Failure("has no room left", "Free space on its disk; nothing that was stored before is lost.")
_NO_FILE = _Failure(
    "cannot be opened",
    "Check that the path is a file, not a folder, and that this program may read and write it.",
)
_NO_DATABASE = _Failure(
    "is not a database, or is damaged",
    "Point FIRSTLINE_DATABASE_URL at another file, or restore this one from a backup.",
)
_DISK = _Failure("cannot be read or written: the disk fails", "Check the disk, then restore from a backup if needed.")
_NO_ENTRY = _Failure("refuses the user or password", "Correct the user and password in FIRSTLINE_DATABASE_URL.")
_NO_SUCH = _Failure("does not exist on its server", "Create it with `createdb`, or correct its name.")
_NO_RIGHT = _Failure("does not let this user do that", "Grant the user the right to create and write tables.")
_CROWDED = _Failure("takes no more connections", "Raise its server's `max_connections`, or run fewer app processes.")
_NO_SERVER = _Failure(
    "cannot be reached",
    "Check that its server runs and that host and port in FIRSTLINE_DATABASE_URL are right.",
)
_NO_DRIVER = _Failure("needs a driver that is not installed", "Install it: pip install 'firstline[postgres]'.")
_UNKNOWN_KIND = _Failure(
    "is of a kind that is not supported",
    "Use sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
)
_WAITED = _Failure(
    "has no free connection", "It is too slow for this load; try again, and look for long-running queries."
)

# SQLite's own names of its result codes (https://www.sqlite.org/rescode.html), extended ones by their
# beginning.
_SQLITE = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_FULL": _FULL,
    "SQLITE_CANTOPEN": _NO_FILE,
    "SQLITE_NOTADB": _NO_DATABASE,
    "SQLITE_CORRUPT": _NO_DATABASE,
    "SQLITE_IOERR": _DISK,
}

# PostgreSQL's SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html), classes by their
# beginning.
_POSTGRES = {
    "55P03": _LOCKED,
    "40P01": _LOCKED,
    "25006": _READ_ONLY,
    "53100": _FULL,
    "53300": _CROWDED,
    "28": _NO_ENTRY,
    "3D000": _NO_SUCH,
    "42501": _NO_RIGHT,
    "08": _NO_SERVER,
    "57P": _NO_SERVER,
}

# A failed connection of psycopg carries no SQLSTATE, only the server's or the resolver's words.
_WORDS = {
    "password": _NO_ENTRY,
    "no pg_hba.conf entry": _NO_ENTRY,
    "role ": _NO_ENTRY,
    "database ": _NO_SUCH,
    "too many clients": _CROWDED,
    "connect": _NO_SERVER,
    "host name": _NO_SERVER,
    "resolve host": _NO_SERVER,
    "timeout": _NO_SERVER,
}


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turns every SQLAlchemy, driver and file error inside into a DatabaseError on the database `where`."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, ModuleNotFoundError) as error:
        failure = _diagnosis(error)
        explanation = DatabaseError(f"The database {where!r} {failure.what}.", failure.hint, where)
        explanation.may_pass = failure.may_pass
        raise explanation from error


def masked(url: str) -> str:
    """The URL without its password, also when it cannot be parsed."""
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", url)


def _diagnosis(error: Exception) -> _Failure:
    if isinstance(error, DBAPIError) and error.orig is not None:
        return _by_driver(error.orig)
    if isinstance(error, sqlite3.Error):
        return _by_driver(error)
    for kind, failure in (
        (exc.TimeoutError, _WAITED),
        (NoSuchModuleError, _UNKNOWN_KIND),
        (ModuleNotFoundError, _NO_DRIVER),
    ):
        if isinstance(error, kind):
            return failure
    if isinstance(error, OSError):
        return _Failure(f"cannot be opened: {error.strerror}", _NO_FILE.hint)
    return _unknown(error)


def _by_driver(error: BaseException) -> _Failure:
    for codes, code in (
        (_SQLITE, getattr(error, "sqlite_errorname", "")),
        (_POSTGRES, getattr(error, "sqlstate", "")),
    ):
        for prefix, failure in codes.items():
            if str(code or "").startswith(prefix):
                return failure
    if getattr(error, "sqlstate", "") is None:
        return next((failure for word, failure in _WORDS.items() if word in str(error)), _unknown(error))
    return _unknown(error)


def _unknown(error: BaseException) -> _Failure:
    what = f"failed: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
    return _Failure(what, "See the log; the request can be tried again.", may_pass=False)
