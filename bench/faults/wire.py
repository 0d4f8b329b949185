"""HTTP as bytes: requests read, answers written whole or in chunks, and connections broken in the ways they break."""

import asyncio
import json
import socket
import struct
import zlib
from typing import Any

REASONS = {200: "OK", 307: "Temporary Redirect", 400: "Bad Request", 429: "Too Many Requests", 500: "Server Error"}


class Wire:
    """One connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._gzip: Any = None

    async def request(self) -> tuple[str, dict[str, str], dict[str, Any]]:
        """Path, headers in lower case, and the JSON body ({} where there is none)."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split()[1]
        pairs = (line.partition(":") for line in head[1:] if ":" in line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        size = int(headers.get("content-length", "0"))
        body = json.loads(await self._reader.readexactly(size)) if size else {}
        return path, headers, body

    async def answer(self, status: int, body: Any, headers: dict[str, str] | None = None, kind: str = "") -> None:
        """A whole response: text as it is, anything else as JSON."""
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        kind = kind or ("text/html" if isinstance(body, str) and body.startswith("<") else "")
        kind = kind or ("text/plain" if isinstance(body, str) else "application/json")
        lines = {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}
        self._writer.write(_head(status, lines) + data)
        await self._writer.drain()

    async def begin(self, status: int = 200, kind: str = "text/event-stream", gzip: bool = False) -> None:
        """The head of a response that comes in pieces."""
        lines = {"Content-Type": kind, "Transfer-Encoding": "chunked"}
        if gzip:
            lines["Content-Encoding"], self._gzip = "gzip", zlib.compressobj(wbits=31)
        self._writer.write(_head(status, lines))
        await self._writer.drain()

    async def write(self, data: bytes) -> None:
        """One piece. Raises ConnectionError once the client has gone."""
        if self._gzip is not None:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        if self._reader.at_eof():
            raise ConnectionResetError("the client hung up")
        self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self._writer.drain()

    async def end(self) -> None:
        """The regular end of what came in pieces."""
        if self._gzip is not None:
            last, self._gzip = self._gzip.flush(), None
            await self.write(last)
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def hung_up(self) -> bool:
        """Wait until the client closes."""
        await self._reader.read()
        return True

    def reset(self) -> None:
        """Break the connection with a RST."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'X')}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()
