"""Input that no browser sends: broken origins, half characters, NUL, ids that cannot be stored. Nothing may break."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bench.client import PROTOCOL
from bench.faults.product import Customer, Database, product
from bench.faults.providers import TEXT
from bench.faults.rows import Row
from bench.faults.server import provider
from bench.faults.stage import fresh_url, slow_plays

Look = Callable[[Row, Customer, Database], Awaitable[None]]
TALK = f"{TEXT} Reference: zz-plain-junk."


def measure(data_dir: Path) -> list[Row]:
    """A row for each, against one product."""
    url = fresh_url()
    with provider(slow_plays()) as server, product(data_dir, server, database_url=url) as served:
        return asyncio.run(_all(served.url, Database(url)))


async def _all(url: str, database: Database) -> list[Row]:
    rows = []
    for name, (about, look) in LOOKS.items():
        row, customer = Row(name, about), await asyncio.to_thread(Customer, url)
        try:
            await look(row, customer, database)
        except Exception as error:  # a look that breaks is a row that fails
            row.wrong.append(f"{type(error).__name__}: {error}"[:200])
        rows.append(row)
        customer.close()
    database.close()
    return rows


async def _status(row: Row, customer: Customer, path: str, expected: tuple[int, ...], **headers: str) -> None:
    answer = await asyncio.to_thread(customer.client.http.get, path, headers=headers)
    row.read += f"{answer.status_code} "
    row.check(answer.status_code in expected, f"{path}: {answer.status_code}")


async def paths(row: Row, customer: Customer, _: Database) -> None:
    """Addresses with characters that no id has."""
    for path in ("/c/%00", "/c/%ED%A0%80", "/api/conversations/%00", "/c/" + quote("🙂" * 60)):
        await _status(row, customer, path, (404,))
    for path in ("/api/conversations?find=%00", "/?find=%00", "/api/conversations?find=%ED%A0%80"):
        await _status(row, customer, path, (200, 303, 307, 400, 422))


async def origins(row: Row, customer: Customer, _: Database) -> None:
    """Origins that are not addresses."""
    for origin in ("http://[", "null", "http://[::1", "http://\x7f"):
        answer = await asyncio.to_thread(customer.client.http.post, "/api/conversations", headers={"Origin": origin})
        row.read += f"{answer.status_code} "
        row.check(answer.status_code == 403, f"POST from {origin!r}: {answer.status_code}")
    row.read += await _opened(customer, customer.conversation, origin="http://[")
    row.check(row.read.endswith("403"), f"the socket: {row.read.split()[-1]}")


async def emoji_path(row: Row, customer: Customer, _: Database) -> None:
    """A socket on a conversation that is sixty emoji."""
    row.read = await _opened(customer, quote("🙂" * 60))
    row.check(row.read in ("4404", "403", "404"), f"the socket ends with {row.read}")


async def _opened(customer: Customer, conversation: str, origin: str | None = None) -> str:
    """How a socket ends: the status of the refusal, the close code, or `open` after two seconds."""
    address = customer.client.url.replace("http://", "ws://") + f"/ws/chat/{conversation}"
    headers = {"Cookie": customer.client.cookie} | ({"Origin": origin} if origin else {})
    try:
        async with connect(address, subprotocols=[PROTOCOL], additional_headers=headers) as socket:  # type: ignore[list-item]
            async with asyncio.timeout(2):
                while True:
                    await socket.recv()
    except InvalidStatus as refused:
        return str(refused.response.status_code)
    except ConnectionClosed as closed:
        return str(closed.rcvd.code if closed.rcvd else 1006)
    except TimeoutError:
        return "open"


def frames(*sent: str | bytes) -> Look:
    """Frames on one socket, which must then still answer."""

    async def look(row: Row, customer: Customer, _: Database) -> None:
        async with customer.client.socket(customer.conversation) as socket:
            for frame in sent:
                await socket.send(frame)
                row.read += f"{await _end(socket)} "
            await socket.send(json.dumps({"text": TALK}))
            row.read += await _end(socket)
        row.check(row.read.endswith("done"), "the socket does not answer any more")

    return look


async def _end(socket: object) -> str:
    async with asyncio.timeout(20):
        while True:
            frame = json.loads(await socket.recv())  # type: ignore[attr-defined]
            if frame["type"] == "finished":
                return str(frame["status"])
            if frame["type"] == "failed":
                return str(frame["code"])


async def long_ids(row: Row, customer: Customer, database: Database) -> None:
    """Two ids that differ after their seventieth character."""
    heard = [
        await customer.say({"text": f"{TALK} {letter}", "client_id": "x" * 70 + letter}, 10) for letter in ("a", "b")
    ]
    kept = database.rows(
        "SELECT content FROM message WHERE conversation_id = :id AND role = 'user'", id=customer.conversation
    )
    taken = sum(any(frame["type"] == "taken" for frame in one.frames) for one in heard)
    row.read, row.stored = f"{taken} of 2 confirmed", f"{len(kept)} messages"
    row.check(taken == len(kept), "confirmed, and not stored")


async def numeric_id(row: Row, customer: Customer, database: Database) -> None:
    """An id that is a number, sent twice."""
    frame = {"text": TALK, "client_id": 42}
    for _ in range(2):
        heard = await customer.say(frame, 6)
        row.read += f"{heard.end.get('status') or heard.end.get('code') or 'confirmed'} "
    kept = database.rows(
        "SELECT content FROM message WHERE conversation_id = :id AND role = 'user'", id=customer.conversation
    )
    row.stored = f"{len(kept)} messages"
    row.check(len(kept) <= 1, "answered twice")


LOOKS: dict[str, tuple[str, Look]] = {
    "paths": ("addresses with NUL, half characters and emoji", paths),
    "origins": ("`Origin: http://[` and the like", origins),
    "emoji_path": ("`/ws/chat/` and sixty emoji", emoji_path),
    "surrogate": ("half an emoji in a frame", frames('{"text": "' + TALK + ' \\ud83d there"}')),
    "surrogate_id": (
        "half an emoji and NUL as `client_id`",
        frames('{"text": "' + TALK + '", "client_id": "\\ud83d\\u0000"}'),
    ),
    "nul": ("NUL in a frame", frames('{"text": "' + TALK + ' \\u0000 there"}')),
    "frames": (
        "frames that are binary, no JSON, a list, too deep, of unknown action, with a turn beyond all numbers",
        frames(
            b"\x00\xff",
            "{",
            "[]",
            "[" * 5000,
            '{"action": "\\ud83d"}',
            '{"action": "again", "turn": 1e999}',
            '{"text": 5}',
        ),
    ),
    "long_ids": ("two `client_id` of 71 characters that differ in the last", long_ids),
    "numeric_id": ("a `client_id` that is a number, sent twice", numeric_id),
}
