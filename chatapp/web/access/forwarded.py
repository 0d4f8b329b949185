"""What a trusted proxy says of the request it passes on: the host and scheme that the browser asked, and from where."""

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from chatapp.addresses.proxies import Proxies

FORWARDED_BY_STRANGER = "firstline.forwarded_by_stranger"
"""In a request's scope: the address of a proxy whose X-Forwarded-Host was not believed."""
FORWARDED_PORT = "firstline.forwarded_port"
"""In a request's scope: the port that the browser asked, as a trusted proxy says, for hosts named without one."""

_SCHEMES = {b"http": "http", b"https": "https", b"ws": "http", b"wss": "https"}


class Forwarded:
    """Puts the browser's own host, scheme and address into a request that a trusted proxy passes on.

    uvicorn's middleware knows the address; the host it does not, and of two schemes ("https, http") none.
    """

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self._app, self._proxies = app, proxies
        self._address = ProxyHeadersMiddleware(app, proxies.networks)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        peer = (scope.get("client") or ("",))[0]
        host = _first(scope, b"x-forwarded-host")
        if peer in self._proxies:
            scope = _with_host(_with_scheme(scope), host)
        elif host:
            scope = {**scope, FORWARDED_BY_STRANGER: peer}
        await self._address(scope, receive, send)  # type: ignore[arg-type]


def _first(scope: Scope, name: bytes) -> bytes:
    """The first value of a header: what the proxy nearest to the browser saw."""
    return next((value.split(b",")[0].strip() for key, value in scope["headers"] if key == name), b"")


def _with_host(scope: Scope, host: bytes) -> Scope:
    port = _first(scope, b"x-forwarded-port").decode("latin-1")
    scope = {**scope, FORWARDED_PORT: port}
    if not host:
        return scope
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {**scope, "headers": [(b"host", host), *headers]}


def _with_scheme(scope: Scope) -> Scope:
    scheme = _SCHEMES.get(_first(scope, b"x-forwarded-proto").lower())
    if scheme is None:
        return scope
    return {**scope, "scheme": scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme}
