"""Who a browser is: a random id in a signed, http-only cookie, made on its first request."""

import secrets
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from chatapp.web.access.origins import Origins


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
