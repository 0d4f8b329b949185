"""The chat socket: frames in, a rendering of the turn's events out. It stores nothing and decides nothing itself.

States: CONNECTING → OPEN → CLOSED. A socket only watches; a turn goes on without it.
"""

import asyncio
import json
import logging
from enum import Enum, auto
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from chatapp.errors import FirstlineError, FrameError, NotFoundError
from chatapp.events import Event, Failed
from chatapp.hub import Subscription
from chatapp.runner import TurnRunner
from chatapp.store import Store
from chatapp.web.rendering import Rendering
from chatapp.web.session import LARGEST_ID

log = logging.getLogger(__name__)

JSON_PROTOCOL = "firstline.v1.json"
CLOSE_INTERNAL = 1011
CLOSE_NOT_FOUND = 4404
CLOSE_NOT_ALLOWED = 4403


class SocketState(Enum):
    """Where a chat socket stands."""

    CONNECTING = auto()
    OPEN = auto()
    CLOSED = auto()


class ChatSocket:
    """One window's socket on one conversation."""

    def __init__(
        self, websocket: WebSocket, user_id: str, conversation_id: str, runner: TurnRunner, store: Store
    ) -> None:
        self.state = SocketState.CONNECTING
        self._websocket, self._runner, self._store = websocket, runner, store
        self._user_id, self._conversation_id = user_id, conversation_id

    async def serve(self, rendering: Rendering) -> None:
        """Open the socket and serve it until either side closes."""
        self._expect(SocketState.CONNECTING)
        protocol = JSON_PROTOCOL if JSON_PROTOCOL in self._websocket.scope["subprotocols"] else None
        await self._websocket.accept(subprotocol=protocol)
        try:
            await asyncio.to_thread(self._store.conversation, self._user_id, self._conversation_id)
        except NotFoundError as error:
            await self._send(rendering.failed(_frame_failure(self._conversation_id, error)))
            await self._close(CLOSE_NOT_FOUND, error.what)
            return
        self.state = SocketState.OPEN
        with self._runner.watch(self._conversation_id) as (subscription, so_far):
            writer = asyncio.create_task(self._write(rendering, subscription, so_far))
            try:
                await self._read(rendering)
            finally:
                self.state = SocketState.CLOSED
                writer.cancel()
                await asyncio.gather(writer, return_exceptions=True)

    async def _read(self, rendering: Rendering) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                await self._take(_frame(message), rendering)
            except FirstlineError as error:
                await self._send(rendering.failed(_frame_failure(self._conversation_id, error)))

    async def _take(self, frame: dict[str, Any], rendering: Rendering) -> None:
        match frame.get("action", "send"):
            case "send":
                client_id = frame.get("client_id")
                key = client_id[:64] if isinstance(client_id, str) and client_id else None
                await self._runner.start(self._user_id, self._conversation_id, frame.get("text"), key)
                if key:
                    await self._send(rendering.taken(key))
            case "stop":
                self._runner.stop(self._conversation_id)
            case "again" | "cloud" as action:
                await self._runner.again(self._user_id, _turn_id(frame), cloud=action == "cloud")
            case unknown:
                raise FrameError(f"There is no action {unknown!r}.", "Send a text, or the action stop, again or cloud.")

    async def _write(self, rendering: Rendering, subscription: Subscription, so_far: tuple[Event, ...]) -> None:
        try:
            for text in await rendering.opened(so_far):
                await self._send(text)
            async for event in subscription:
                for text in await rendering.render([event, *subscription.pending()]):
                    await self._send(text)
                await asyncio.sleep(rendering.pause_s)
        except NotFoundError as error:
            await self._close(CLOSE_NOT_FOUND, error.what)
        except Exception:  # a window that shows nothing more must not look connected: it comes back for the whole
            log.exception("a window of conversation %s could not be kept up to date", self._conversation_id)
            await self._close(CLOSE_INTERNAL, "Reconnect to see the conversation.")

    async def _send(self, text: str) -> None:
        if text and self._websocket.application_state is WebSocketState.CONNECTED:
            try:
                await self._websocket.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                self.state = SocketState.CLOSED

    async def _close(self, code: int, reason: str) -> None:
        self.state = SocketState.CLOSED
        await self._websocket.close(code, reason[:100])

    def _expect(self, state: SocketState) -> None:
        if self.state is not state:
            raise RuntimeError(f"socket state: expected {state.name}, got {self.state.name}")


def _frame(message: Any) -> dict[str, Any]:
    """The JSON object of a frame; htmx wraps the form's fields in `body`. Raises FrameError."""
    text = message.get("text")
    if text is None:
        raise FrameError("A frame must be text, and this one is binary.", 'Send {"text": "..."} as a text frame.')
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise FrameError(f"A frame must be JSON, not {text[:40]!r}.", 'Send {"text": "..."}.') from None
    if not isinstance(frame, dict):
        raise FrameError(f"A frame must be a JSON object, not {text[:40]!r}.", 'Send {"text": "..."}.')
    body = frame.get("body")
    return body if isinstance(body, dict) else frame


def _turn_id(frame: dict[str, Any]) -> int:
    try:
        number = int(frame["turn"])
        if 0 < number <= LARGEST_ID:
            return number
        raise ValueError
    except (KeyError, TypeError, ValueError, OverflowError):
        raise FrameError(f"There is no turn {frame.get('turn')!r}.", "Name a turn by its number.") from None


def _frame_failure(conversation_id: str, error: FirstlineError) -> Failed:
    return Failed.of(0, conversation_id, error)
