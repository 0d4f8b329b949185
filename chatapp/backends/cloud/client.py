"""A model server's HTTP client: our own settings alone decide what it sends and by which proxy."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import openai

from chatapp import __version__
from chatapp.backends.cloud.server import ModelServer
from chatapp.backends.cloud.way import proxy_of, tls_of

SENT_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    }
)
"""All that a server is told beside the request itself: nothing of this machine's system, user or other accounts."""

_NO_KEY = "none"  # the client insists on one, or takes that of OPENAI_API_KEY

Hooks = Mapping[str, list[Callable[..., Any]]]


def client_of(server: ModelServer, *, event_hooks: Hooks | None = None) -> openai.AsyncOpenAI:
    """A client for one server. Raises SettingError for a proxy or certificates that cannot be used."""
    logging.getLogger("openai").setLevel(logging.WARNING)  # OPENAI_LOG would print what customers write
    timeout = httpx2.Timeout(server.total_timeout_s, connect=server.connect_timeout_s)
    key = server.key.get_secret_value()
    transport = SparseTransport(
        keyed=bool(key),
        verify=tls_of(server),
        trust_env=False,
        proxy=proxy_of(server),
        limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=100),
    )
    return Client(
        api_key=key or _NO_KEY,
        base_url=server.base_url,
        timeout=timeout,
        max_retries=server.retries,
        http_client=openai.DefaultAsyncHttpxClient(
            transport=transport,
            trust_env=False,
            timeout=timeout,
            event_hooks=dict(event_hooks or {}),
            follow_redirects=server.route == "cloud",  # what is answered locally goes to no host that nobody named
        ),
    )


class Client(openai.AsyncOpenAI):
    """openai's client without what it reads from the environment: organisation, project, foreign headers."""

    @property
    def default_headers(self) -> dict[str, Any]:
        """Those of every request, before the key's."""
        return {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": f"Firstline/{__version__}",
        }


class SparseTransport(httpx2.AsyncHTTPTransport):
    """Sends SENT_HEADERS and no other, whatever the libraries above add, and no key where there is none."""

    def __init__(self, *, keyed: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self._sent = SENT_HEADERS if keyed else SENT_HEADERS - {"authorization"}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a copy; the libraries above go by their own headers of the original."""
        headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() in self._sent]
        sent = httpx2.Request(
            request.method, request.url, headers=headers, stream=request.stream, extensions=request.extensions
        )
        return await super().handle_async_request(sent)
