"""One server a SQLite database: a second one would answer the same conversations, and end what the first one runs."""

import logging
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from filelock import FileLock, Timeout
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from chatapp.errors import DatabaseError

log = logging.getLogger(__name__)


def hold(database_url: str) -> FileLock | None:
    """The lock beside the database's file, held until it is released or the process ends, however it ends.

    None where processes may share the database (PostgreSQL), or where its disk knows no locks. Raises DatabaseError
    where another server holds it. Other commands do not ask for it.
    """
    file = _file(database_url)
    if file is None:
        return None
    lock = FileLock(f"{file}.lock", mode=0o600, thread_local=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise DatabaseError(
            f"Another Firstline serves the database {str(file)!r} already.",
            "Stop that one first, or give this one a FIRSTLINE_DATA_DIR of its own.",
        ) from None
    except (OSError, NotImplementedError) as error:  # what is wrong with the folder is told when the database opens
        log.warning("the database %s cannot be locked against a second server: %s", file, error)
        return None
    return lock


def _file(database_url: str) -> Path | None:
    """The file itself, however its path is spelled; None if it is none."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):  # told when the database opens, without the password that may stand in it
        return None
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    name = url.database
    path = unquote(urlsplit(name).path) if name.startswith("file:") else name
    return Path(os.path.realpath(path))
