"""Who is the operator: whoever has the token, in the session or in an `Authorization: Bearer` header."""

import hashlib
import hmac

from starlette.requests import HTTPConnection

from chatapp.errors import NotAllowedError
from chatapp.events import Reader


class TokenNeededError(NotAllowedError):
    """The operator page was asked for without its token."""

    code = "token_needed"
    status = 401


def operator(connection: HTTPConnection) -> None:
    """Let the operator in. Raises TokenNeededError."""
    if not is_operator(connection):
        raise TokenNeededError("This page is for our own staff.", "It opens with the operator token.")


def is_operator(connection: HTTPConnection) -> bool:
    """Whether this session, or this program, has shown the token."""
    bearer = connection.headers.get("authorization", "").removeprefix("Bearer ")
    session = connection.scope.get("session") or {}
    return any(opens(connection, given) for given in (session.get("operator", ""), digest(bearer)))


def reader_of(connection: HTTPConnection) -> Reader:
    """Whose view of a thread this connection gets: every page, fragment, API and socket asks here."""
    shown: bool = connection.app.state.pages.settings.show_machinery
    return Reader.OPERATOR if shown or is_operator(connection) else Reader.CUSTOMER


def opens(connection: HTTPConnection, given: str) -> bool:
    """Whether a digest is that of the token."""
    return hmac.compare_digest(given, digest(connection.app.state.operator_token))


def digest(token: str) -> str:
    """What a session keeps of a token: its cookie is signed, not secret."""
    return hashlib.sha256(token.encode()).hexdigest()
