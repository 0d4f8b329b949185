"""The HTTP API and the socket's address. The socket speaks JSON to a program that asks for `firstline.v1.json`."""

from dataclasses import asdict

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from starlette.websockets import WebSocket

from chatapp.errors import NotAllowedError
from chatapp.web.chat import CLOSE_NOT_ALLOWED, JSON_PROTOCOL, ChatSocket
from chatapp.web.page import Pages
from chatapp.web.pages import Built
from chatapp.web.rendering import HtmlRendering, JsonRendering, Rendering
from chatapp.web.session import User, same_origin, user_of

router = APIRouter()

CREATED = 201


@router.post("/api/conversations", dependencies=[Depends(same_origin)])
def create(pages: Built, user: User) -> JSONResponse:
    """A new conversation: `{"id": …}`. The session cookie of the answer is needed to open its socket."""
    pages.store.ensure_user(user)
    return JSONResponse({"id": pages.store.create_conversation(user).id}, CREATED)


@router.get("/api/conversations")
def conversations(pages: Built, user: User, find: str = "") -> JSONResponse:
    """The caller's conversations, the last written to first."""
    listed = pages.store.conversations(user, find.strip())
    return JSONResponse([{"id": c.id, "title": c.title, "updated_at": c.updated_at.isoformat()} for c in listed])


@router.get("/api/conversations/{conversation_id}")
def exchanges(pages: Built, user: User, conversation_id: str) -> JSONResponse:
    """What was said in a conversation, how each message was answered, and every model call with its cost."""
    found = pages.store.conversation(user, conversation_id)
    turns = [
        {
            "turn_id": e.turn.id,
            "status": e.turn.status,
            "route": e.turn.route,
            "category": e.turn.category,
            "user": e.user_text,
            "answer": e.answer_text,
            "sources": e.turn.sources,
            "cost_microusd": e.cost_microusd,
            "feedback": e.feedback,
            "calls": [asdict(call) for call in pages.store.calls(e.turn.id)],
        }
        for e in pages.store.exchanges(conversation_id)
    ]
    return JSONResponse({"id": found.id, "title": found.title, "summary": found.summary, "turns": turns})


@router.websocket("/ws/chat/{conversation_id}")
async def chat(websocket: WebSocket, conversation_id: str) -> None:
    """One window's socket; see `chat.py` for what goes over it."""
    pages: Pages = websocket.app.state.pages
    try:
        same_origin(websocket)
    except NotAllowedError as error:
        await websocket.close(CLOSE_NOT_ALLOWED, error.what[:100])
        return
    user = user_of(websocket)
    page = pages.of(user, conversation_id)
    program = JSON_PROTOCOL in websocket.scope["subprotocols"]
    rendering: Rendering = JsonRendering() if program else HtmlRendering(page)
    await ChatSocket(websocket, user, conversation_id, pages.runner, pages.store).serve(rendering)
