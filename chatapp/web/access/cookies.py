"""The signed cookie that keeps a browser's session, as many products on one host and one clock as there are."""

import hashlib
import hmac
import time
from typing import Any

from itsdangerous import BadSignature, SignatureExpired, TimestampSigner
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

MAX_AGE_S = 365 * 24 * 3600
EARLIER_NAME = "firstline_session"


def cookie_name(secret: str, root: str) -> str:
    """A name of this product's own: cookies know no ports, so two on one host would take each other's.

    It comes from the signing key, which processes that share their sessions share too.
    """
    digest = hmac.new(secret.encode(), f"cookie {root}".encode(), hashlib.sha256).hexdigest()
    return f"{EARLIER_NAME}_{digest[:8]}"


class Signer(TimestampSigner):
    """Takes a signature from the future: a clock that was set back must not lose anybody's conversations."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        """The value. Raises SignatureExpired, BadSignature."""
        value, signed_at = super().unsign(signed_value, return_timestamp=True)
        if max_age is not None and time.time() - signed_at.timestamp() > max_age:
            raise SignatureExpired("The session is too old.", payload=value, date_signed=signed_at)
        return (value, signed_at) if return_timestamp else value


class Sessions:
    """Starlette's sessions under a name of our own; over TLS their cookie is sent over nothing else."""

    def __init__(self, app: ASGIApp, secret: str, root: str = "") -> None:
        self._name, self._signer = cookie_name(secret, root), Signer(secret)
        self._plain, self._secure = (self._sessions(app, secret, root, tls) for tls in (False, True))

    def _sessions(self, app: ASGIApp, secret: str, root: str, tls: bool) -> SessionMiddleware:
        sessions = SessionMiddleware(
            app, secret, self._name, max_age=MAX_AGE_S, path=root or "/", same_site="lax", https_only=tls
        )
        sessions.signer = self._signer
        return sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request with its session."""
        if scope["type"] != "lifespan":
            scope = self._renamed(scope)
        sessions = self._secure if scope.get("scheme") in {"https", "wss"} else self._plain
        await sessions(scope, receive, send)

    def _renamed(self, scope: Scope) -> Scope:
        """The request with the cookie of an earlier release under today's name, if it is ours and there is no other."""
        cookies = HTTPConnection(scope).cookies
        earlier = cookies.get(EARLIER_NAME, "")
        if self._name in cookies or not earlier:
            return scope
        try:
            self._signer.unsign(earlier)
        except BadSignature:
            return scope
        return {**scope, "headers": [*scope["headers"], (b"cookie", f"{self._name}={earlier}".encode())]}
