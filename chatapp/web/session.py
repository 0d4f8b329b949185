"""Who a browser is: a random id in a signed, http-only cookie, made on its first request."""

import secrets
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from chatapp.settings import Settings
from chatapp.web.origins import Origins


def session_secret(settings: Settings) -> str:
    """The signing key: from the setting, or a random one kept in the data folder, readable by its owner only."""
    configured = settings.session_secret.get_secret_value()
    return configured or _kept_secret(settings.data_dir / "session.key")


def _kept_secret(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text().strip()


def user_of(connection: HTTPConnection) -> str:
    """The browser's user id, made now if it has none."""
    user: str = connection.session.setdefault("user", secrets.token_urlsafe(16))
    return user


def origins_of(connection: HTTPConnection) -> Origins:
    """Those of the application."""
    origins: Origins = connection.app.state.origins
    return origins


def same_origin(connection: HTTPConnection) -> None:
    """Refuse a request that another site's page makes in this browser's name. Programs send no Origin and pass."""
    origins_of(connection).check(connection)


LARGEST_ID = 2**31 - 1
"""What a database takes as a turn's number."""

User = Annotated[str, Depends(user_of)]
