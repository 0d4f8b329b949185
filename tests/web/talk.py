"""A program's conversation with an application in this process."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.testclient import TestClient, WebSocketTestSession

JSON = ["firstline.v1.json"]
ENDS = frozenset({"finished", "failed"})
Event = dict[str, Any]


def begun(client: TestClient) -> str:
    """The id of a new conversation."""
    return str(client.post("/api/conversations").json()["id"])


@contextmanager
def opened(client: TestClient, conversation: str = "") -> Iterator[WebSocketTestSession]:
    """A program's socket; on a new conversation where none is named."""
    with client.websocket_connect(f"/ws/chat/{conversation or begun(client)}", subprotocols=JSON) as socket:
        yield socket


def events(socket: WebSocketTestSession) -> list[Event]:
    """What comes, up to the end of a turn."""
    told = [socket.receive_json()]
    while told[-1]["type"] not in ENDS:
        told.append(socket.receive_json())
    return told


def until(socket: WebSocketTestSession, kind: str) -> Event:
    """The next event of a kind."""
    while (told := socket.receive_json())["type"] != kind:
        pass
    return dict(told)


def say(socket: WebSocketTestSession, text: object, **more: object) -> list[Event]:
    """Send a message, and what comes of it up to its end."""
    socket.send_text(json.dumps({"text": text, **more}))
    return events(socket)


def turns(client: TestClient, conversation: str) -> list[Event]:
    """The conversation as it is stored."""
    return list(client.get(f"/api/conversations/{conversation}").json()["turns"])
