"""Which pages may act in a browser's name: our own, and those of the origins that the operator lists."""

from starlette.requests import HTTPConnection

from chatapp.addresses.origin import Origin, read_origin
from chatapp.errors import NotAllowedError
from chatapp.web.access.forwarded import FORWARDED_BY_STRANGER, FORWARDED_PORT
from chatapp.web.access.refusals import Refusal, Refusals


class Origins:
    """Holds every request that changes something, and every socket, against its `Origin`."""

    def __init__(self, allowed: frozenset[Origin], refusals: Refusals) -> None:
        self._allowed, self._refusals = allowed, refusals

    def check(self, connection: HTTPConnection) -> None:
        """Let in our own pages, those allowed, and programs, which send no origin. Raises NotAllowedError."""
        given = connection.headers.get("origin")
        if given is None:
            return
        origin = read_origin(given)
        if origin in self._allowed or (origin and _ours(connection, origin)):
            return
        self._refusals.tell(_refusal(connection, given, origin))
        raise NotAllowedError(
            "This page was opened at an address that we do not answer to.", "Open the chat from our own site."
        )


def _ours(connection: HTTPConnection, origin: Origin) -> bool:
    """Whether the page is of the host that was asked. A page read in the clear is not the one read over TLS."""
    if connection.scope["scheme"] in {"https", "wss"} and origin.scheme == "http":
        return False
    asked = [connection.headers.get("host", "")]
    if port := connection.scope.get(FORWARDED_PORT):
        asked.append(f"{asked[0]}:{port}")
    return any(read_origin(f"{origin.scheme}://{host}") == origin for host in asked)


def _refusal(connection: HTTPConnection, given: str, origin: Origin | None) -> Refusal:
    if origin is None:
        return Refusal(
            f"A page whose origin is {given[:200]!r} was refused.",
            "That is no site's: a file, a sandboxed frame, or a proxy that spoils the Origin header.",
        )
    host = connection.headers.get("host", "")
    what = f"A page of {origin} was refused: the request asked for the host {host[:200]!r}."
    if peer := connection.scope.get(FORWARDED_BY_STRANGER):
        return Refusal(what, f"If {peer} is your proxy, set FIRSTLINE_TRUSTED_PROXIES={peer}.")
    return Refusal(
        what,
        "If that is your site, let the proxy pass on the browser's Host (nginx: proxy_set_header Host $host), "
        f"or set FIRSTLINE_ALLOWED_ORIGINS={origin}.",
    )
