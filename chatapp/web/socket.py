"""The chat socket: frames in, a rendering of the turn's events out. It stores nothing and decides nothing itself.

States: CONNECTING → OPEN → CLOSED. A socket only watches; a turn goes on without it.
"""

import asyncio
import logging
from enum import Enum, auto
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from chatapp.characters import within_bytes
from chatapp.errors import FirstlineError, NotFoundError, OperatorError
from chatapp.store import Store
from chatapp.turn.events import Event, Failed
from chatapp.turn.hub import Subscription
from chatapp.turn.runner import TurnRunner
from chatapp.web.frames import action_of, client_id_of, read_frame, turn_of
from chatapp.web.renderings import Rendering

log = logging.getLogger(__name__)

JSON_PROTOCOL = "firstline.v1.json"
REASON_BYTES = 123
"""Longest reason of a close frame (RFC 6455, section 5.5), in bytes."""

PONG = '{"type": "pong"}'
"""The answer to a ping, in every rendering: a page or a program learns that it is heard."""
CLOSE_INTERNAL = 1011
CLOSE_NOT_FOUND = 4404
CLOSE_NOT_ALLOWED = 4403


class SocketState(Enum):
    """What a chat socket may do next."""

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
            await asyncio.to_thread(self._store.conversations.get, self._user_id, self._conversation_id)
        except FirstlineError as error:
            await self._send(rendering.failed(_frame_failure(self._conversation_id, error)))
            code = CLOSE_NOT_FOUND if isinstance(error, NotFoundError) else CLOSE_INTERNAL
            await self._close(code, error.for_customer.what)
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
                await self._take(read_frame(message), rendering)
            except Exception as error:  # one frame that cannot be taken ends no socket
                if not isinstance(error, FirstlineError):
                    log.exception("a frame of conversation %s could not be taken", self._conversation_id)
                await self._send(rendering.failed(_frame_failure(self._conversation_id, error)))

    async def _take(self, frame: dict[str, Any], rendering: Rendering) -> None:
        match action_of(frame):
            case "send":
                key = client_id_of(frame)
                await self._runner.start(self._user_id, self._conversation_id, frame.get("text"), key)
                if key:
                    await self._send(rendering.taken(key))
            case "ping":
                await self._send(PONG)
            case "stop":
                self._runner.stop(self._conversation_id)
            case action:
                await self._runner.again(self._user_id, turn_of(frame), cloud=action == "cloud")

    async def _write(self, rendering: Rendering, subscription: Subscription, so_far: tuple[Event, ...]) -> None:
        try:
            for text in await rendering.opened(so_far):
                await self._send(text)
            async for event in subscription:
                for text in await rendering.render([event, *subscription.pending()]):
                    await self._send(text)
                await asyncio.sleep(rendering.pause_s)
        except NotFoundError as error:
            await self._close(CLOSE_NOT_FOUND, error.for_customer.what)
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
        await self._websocket.close(code, within_bytes(reason, REASON_BYTES))

    def _expect(self, state: SocketState) -> None:
        if self.state is not state:
            raise RuntimeError(f"socket state: expected {state.name}, got {self.state.name}")


def _frame_failure(conversation_id: str, error: Exception) -> Failed:
    if isinstance(error, OperatorError):
        log.error("%s", error)
    return Failed.of(0, conversation_id, error)
