"""Who is the operator: whoever has the token, in the session or in an `Authorization: Bearer` header."""

import hashlib
import hmac

from starlette.requests import HTTPConnection

from chatapp.errors import NotAllowedError
from chatapp.turn.events import Reader
from chatapp.web.access.throttle import Throttle

_JUDGED = "firstline.operator"
"""In a connection's scope: what keeps it out, so that one request tries its token once."""


class TokenNeededError(NotAllowedError):
    """The operator page was asked for without its token."""

    code = "token_needed"
    status = 401

    @property
    def headers(self) -> dict[str, str]:
        """What a program needs to know, as HTTP says it."""
        return {"WWW-Authenticate": 'Bearer realm="operator"'}


class WrongTokenError(TokenNeededError):
    """A token that is not the operator's."""

    code = "token_wrong"


class TooManyTriesError(TokenNeededError):
    """Too many wrong tokens: this one was not looked at."""

    code = "too_many_tries"
    status = 429

    def __init__(self, what: str, hint: str, wait_s: int = 1) -> None:
        super().__init__(what, hint)
        self.wait_s = wait_s

    @property
    def headers(self) -> dict[str, str]:
        """When to try again, in seconds."""
        return {"Retry-After": str(self.wait_s)}


def operator(connection: HTTPConnection) -> None:
    """Let the operator in. Raises TokenNeededError, WrongTokenError, TooManyTriesError."""
    if refusal := _judged(connection):
        raise refusal


def is_operator(connection: HTTPConnection) -> bool:
    """Whether this session, or this program, has shown the token. A wrong one in a header counts as a try."""
    return _judged(connection) is None


def enter(connection: HTTPConnection, token: str) -> None:
    """Make the session the operator's. Raises WrongTokenError, TooManyTriesError, and TokenNeededError for no token."""
    if refusal := _judge(connection, token.strip(), "form"):
        raise refusal
    connection.session["operator"] = digest(token.strip())


def reader_of(connection: HTTPConnection) -> Reader:
    """Whose view of a thread this connection gets: every page, fragment, API and socket asks here."""
    shown: bool = connection.app.state.pages.settings.show_machinery
    return Reader.OPERATOR if shown or is_operator(connection) else Reader.CUSTOMER


def digest(token: str) -> str:
    """What a session keeps of a token: its cookie is signed, not secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def _judged(connection: HTTPConnection) -> TokenNeededError | None:
    """What keeps this connection out, None for the operator's."""
    if _JUDGED not in connection.scope:
        session = connection.scope.get("session") or {}
        known = _opens(connection, session.get("operator", ""))
        connection.scope[_JUDGED] = None if known else _judge(connection, _bearer(connection), "header")
    refusal: TokenNeededError | None = connection.scope[_JUDGED]
    return refusal


def _judge(connection: HTTPConnection, token: str, way: str) -> TokenNeededError | None:
    """What is wrong with a token. While its sender has to wait, nobody is told whether it is right."""
    if not token:
        return TokenNeededError("This page is for our own staff.", "It opens with the operator token.")
    throttle: Throttle = connection.app.state.throttle
    host = connection.client.host if connection.client else ""
    right = _opens(connection, digest(token))
    if wait_s := throttle.judge(host, right, way):
        return TooManyTriesError(
            "Too many wrong tokens came from your address.", f"Try again in {wait_s} seconds.", wait_s
        )
    if right:
        return None
    return WrongTokenError("That is not the operator token.", "Check it for a missing or doubled character.")


def _bearer(connection: HTTPConnection) -> str:
    """The token of an `Authorization: Bearer` header, "" for any other scheme."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _opens(connection: HTTPConnection, given: str) -> bool:
    """Whether a digest is that of the token."""
    return hmac.compare_digest(given.encode(), digest(connection.app.state.operator_token).encode())
