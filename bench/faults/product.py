"""The product under a fault: started with short limits, spoken to as a customer, looked into through its database."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from websockets.exceptions import WebSocketException

from bench.client import ENDS, Client
from bench.faults.server import Provider
from bench.processes import Served, firstline
from chatapp.settings import Settings

KEY = "sk-loopback-0123456789abcdef"
MODEL = "smollm2-prod"
FIRST_S, TOTAL_S = 3, 12
LIMITS = {"cloud_connect_timeout_s": 2, "cloud_first_token_timeout_s": FIRST_S, "cloud_total_timeout_s": TOTAL_S}
"""Seconds; any other time limit of the cloud that the product has is set as that of the first word is."""


OPEN = ("queued", "running")
"""Statuses of a turn that has not ended."""


@dataclass
class Heard:
    """What a customer's window received for one message. `hung`: nothing ended it in time."""

    frames: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    hung: bool = False
    lost: str = ""

    @property
    def end(self) -> dict[str, Any]:
        """The event that ended the turn, {} without one."""
        ended = [frame for frame in self.frames if frame["type"] in ENDS]
        return ended[-1] if ended else {}

    @property
    def turn_id(self) -> int:
        """The turn's number, 0 where none began."""
        return max((int(frame.get("turn_id") or 0) for frame in self.frames), default=0)

    @property
    def answer(self) -> str:
        """The text of the answer at its end."""
        return str(self.end.get("text", ""))

    @property
    def told(self) -> list[str]:
        """Every sentence beside the answer: failures, notices, reasons for an escalation."""
        said = [str(notice.get("text", "")) for notice in self.end.get("notices", ())]
        for frame in self.frames:
            match frame["type"]:
                case "failed":
                    said.append(f"{frame.get('what', '')} {frame.get('hint', '')}".strip())
                case "notice":
                    said.append(str(frame.get("text", "")))
                case "escalated":
                    said.append(str(frame.get("reason", "")))
        return list(dict.fromkeys(sentence for sentence in said if sentence))


class Customer:
    """One browser's session."""

    def __init__(self, url: str) -> None:
        self.client = Client(url)
        self.client.http.headers["Connection"] = "close"  # an idle one may be closed in the moment of its next use
        self.conversation = self.client.create()

    async def say(self, frame: dict[str, Any], within_s: float, heard: Heard | None = None) -> Heard:
        """Send a frame over a socket of its own and listen until the turn ends, at most `within_s`."""
        heard = heard or Heard()
        began = time.perf_counter()
        try:
            async with asyncio.timeout(within_s):
                async with self.client.socket(self.conversation) as socket:
                    await socket.send(json.dumps(frame))
                    async for raw in socket:
                        heard.frames.append(json.loads(raw))
                        if heard.frames[-1]["type"] in ENDS:
                            break
        except TimeoutError:
            heard.hung = True
        except (WebSocketException, EOFError, OSError) as error:
            heard.lost = f"{type(error).__name__}"
        heard.lost = heard.lost or ("" if heard.end or heard.hung else "closed")
        heard.seconds = time.perf_counter() - began
        return heard

    async def page(self) -> str:
        """The conversation as the browser shows it."""
        address = f"/c/{self.conversation}"
        answer = await asyncio.to_thread(self.client.http.get, address, headers={"Accept": "text/html"})
        return answer.text

    def close(self) -> None:
        """Close the HTTP connections."""
        self.client.close()


class Database:
    """Read-only looks into the product's database, as plain rows."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_engine(url)

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """The rows of a query; waits while the database cannot be asked, at most half a minute."""
        for _ in range(60):
            try:
                with self._engine.connect() as connection:
                    return [dict(row) for row in connection.execute(text(query), values).mappings()]
            except SQLAlchemyError:
                time.sleep(0.5)
        raise RuntimeError(f"the database {self.url} cannot be read")

    def turns(self, conversation: str) -> list[dict[str, Any]]:
        """The turns of a conversation, with the words of each answer."""
        query = """SELECT turn.*, message.content AS words FROM turn
            LEFT JOIN message ON message.turn_id = turn.id AND message.role = 'assistant'
            WHERE turn.conversation_id = :id ORDER BY turn.id"""
        return self.rows(query, id=conversation)

    def calls(self, conversation: str) -> list[dict[str, Any]]:
        """The rows of the ledger for calls of the cloud."""
        return self.rows(
            "SELECT * FROM call WHERE conversation_id = :id AND route = 'cloud' ORDER BY id", id=conversation
        )

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def cloud_settings(server: Provider, always: str = "") -> dict[str, Any]:
    """The product's settings for this server, with short limits."""
    known = {"cloud_base_url": server.url(always), "cloud_api_key": KEY, "cloud_model": MODEL, "cloud_max_tokens": 500}
    others = [
        n for n in Settings.model_fields if n.startswith("cloud_") and n.endswith("_timeout_s") and n not in LIMITS
    ]
    return known | LIMITS | dict.fromkeys(others, FIRST_S) | {"show_machinery": False}


@contextmanager
def product(data_dir: Path, server: Provider, always: str = "", **settings: Any) -> Iterator[Served]:
    """`firstline serve` with this cloud."""
    with firstline(data_dir, None, **(cloud_settings(server, always) | settings)) as served:
        yield served
