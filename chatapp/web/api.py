"""The HTTP API and the socket's address. The socket speaks JSON to a program that asks for `firstline.v1.json`."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from starlette.websockets import WebSocket

from chatapp.characters import within_bytes
from chatapp.errors import NotAllowedError
from chatapp.store import Exchange
from chatapp.store.models import TurnStatus
from chatapp.store.notices import notes_of
from chatapp.turn.events import ANSWERED_BY, Reader
from chatapp.turn.notices import customer_notices
from chatapp.web.access.operator import reader_of
from chatapp.web.access.session import User, same_origin, user_of
from chatapp.web.chat_page import ChatPage
from chatapp.web.dependencies import Built, Reads
from chatapp.web.entries import Entry
from chatapp.web.pages import Pages
from chatapp.web.renderings import HtmlRendering, JsonRendering, Rendering
from chatapp.web.socket import CLOSE_NOT_ALLOWED, JSON_PROTOCOL, REASON_BYTES, ChatSocket

router = APIRouter()

CREATED = 201


@router.post("/api/conversations", dependencies=[Depends(same_origin)])
def create(pages: Built, user: User) -> JSONResponse:
    """A new conversation: `{"id": …}`. The session cookie of the answer is needed to open its socket."""
    pages.store.conversations.ensure_user(user)
    return JSONResponse({"id": pages.store.conversations.create(user).id}, CREATED)


@router.get("/api/conversations")
def conversations(pages: Built, user: User, find: Entry = "") -> JSONResponse:
    """The caller's conversations, the last written to first."""
    listed = pages.store.conversations.of(user, find.strip())
    return JSONResponse([{"id": c.id, "title": c.title, "updated_at": c.updated_at.isoformat()} for c in listed])


@router.get("/api/conversations/{conversation_id}")
def exchanges(pages: Built, user: User, reader: Reads, conversation_id: Entry) -> JSONResponse:
    """What was said in a conversation and by whom; for the operator, how each answer was made and what it cost."""
    found = pages.store.conversations.get(user, conversation_id)
    made = _told if reader is Reader.CUSTOMER else _whole
    turns = [_said(one) | made(pages, one) for one in pages.store.exchanges.of(conversation_id)]
    summary = {} if reader is Reader.CUSTOMER else {"summary": found.summary}
    return JSONResponse({"id": found.id, "title": found.title, **summary, "turns": turns})


def _said(exchange: Exchange) -> dict[str, Any]:
    return {
        "turn_id": exchange.turn.id,
        "status": exchange.turn.status,
        "joined_into": exchange.turn.joined_into,
        "user": exchange.user_text,
        "answer": exchange.answer_text,
        "feedback": exchange.feedback,
    }


def _told(_pages: Pages, exchange: Exchange) -> dict[str, Any]:
    turn = exchange.turn
    by = None if turn.status == TurnStatus.JOINED else turn.route  # of a joined turn the one that answers it says
    return {
        "answered_by": ANSWERED_BY[by] if by else None,
        "sources": [{"text": one["text"]} for one in turn.sources if "text" in one],
        "notices": customer_notices(notes_of(turn.notices)),
    }


def _whole(pages: Pages, exchange: Exchange) -> dict[str, Any]:
    turn = exchange.turn
    return {
        "route": turn.route,
        "category": turn.category,
        "sources": turn.sources,
        "notices": turn.notices,
        "cost_microusd": exchange.cost_microusd,
        "calls": [asdict(call) for call in pages.store.ledger.calls(turn.id)],
    }


@router.websocket("/ws/chat/{conversation_id}")
async def chat(websocket: WebSocket, conversation_id: Entry) -> None:
    """One window's socket; see `socket.py` for what goes over it."""
    pages: Pages = websocket.app.state.pages
    try:
        same_origin(websocket)
    except NotAllowedError as error:
        await websocket.close(CLOSE_NOT_ALLOWED, within_bytes(error.what, REASON_BYTES))
        return
    user = user_of(websocket)
    reader = reader_of(websocket)
    program = JSON_PROTOCOL in websocket.scope["subprotocols"]
    rendering: Rendering = JsonRendering(reader)
    if not program:
        rendering = HtmlRendering(ChatPage(pages, user, conversation_id, reader))
    await ChatSocket(websocket, user, conversation_id, pages.runner, pages.store).serve(rendering)
