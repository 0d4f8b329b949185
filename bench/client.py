"""A program's view of the product: a session cookie, a conversation, and its socket in `firstline.v1.json`."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

PROTOCOL = "firstline.v1.json"
ENDS = frozenset({"finished", "failed"})


class Client:
    """One session: conversations that only it can see."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=60)

    def create(self) -> str:
        """A new conversation's id."""
        answer = self.http.post("/api/conversations")
        answer.raise_for_status()
        created: str = answer.json()["id"]
        return created

    @property
    def cookie(self) -> str:
        """The session cookie as a header value."""
        return "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())

    @asynccontextmanager
    async def socket(self, conversation_id: str, subprotocol: str | None = PROTOCOL) -> AsyncIterator[ClientConnection]:
        """The conversation's socket."""
        address = self.url.replace("http://", "ws://") + f"/ws/chat/{conversation_id}"
        protocols = [subprotocol] if subprotocol else None
        headers = {"Cookie": self.cookie}
        async with connect(address, subprotocols=protocols, additional_headers=headers, max_size=None) as socket:  # type: ignore[arg-type]
            yield socket

    def close(self) -> None:
        """Close the HTTP connections."""
        self.http.close()


async def events(socket: ClientConnection) -> AsyncIterator[dict[str, Any]]:
    """The running turn's events, up to its end."""
    async for frame in socket:
        event = json.loads(frame)
        yield event
        if event["type"] in ENDS:
            return


async def say(socket: ClientConnection, text: str, **more: Any) -> list[dict[str, Any]]:
    """Send a message and collect its turn's events."""
    await socket.send(json.dumps({"text": text, **more}))
    return [event async for event in events(socket)]
