"""The pages' addresses: conversations and what can be done with them."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from chatapp.errors import NotAllowedError, UserError
from chatapp.turn.events import Reader
from chatapp.web.access.session import User, same_origin
from chatapp.web.chat_page import ChatPage
from chatapp.web.dependencies import Built, Reads, TurnId, to
from chatapp.web.entries import Entry, Field
from chatapp.web.frames import client_id_of
from chatapp.web.pages import Pages
from chatapp.web.views.deleted import DELETED, just_deleted, note_deleted

router = APIRouter(default_response_class=HTMLResponse)
guarded = [Depends(same_origin)]


@router.get("/")
def home(pages: Built, user: User) -> RedirectResponse:
    """To a conversation that is ready to be written in."""
    return to(pages, f"/c/{unused_conversation(pages, user)}")


@router.get("/c/{conversation_id}")
def conversation(request: Request, pages: Built, user: User, reader: Reads, conversation_id: Entry) -> str:
    """One conversation, whole."""
    theme = request.cookies.get("theme", "")
    deleted = just_deleted(request.session)
    return ChatPage(pages, user, conversation_id, reader).whole(theme if theme in {"light", "dark"} else "", deleted)


@router.post("/c/{conversation_id}", dependencies=guarded)
async def say(
    pages: Built,
    user: User,
    conversation_id: Entry,
    text: Field = "",
    starter: Field = "",
    client_id: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """A message from a page without a script; the page then shows its answer, or how far it has come."""
    await pages.runner.start(user, conversation_id, text.strip() or starter, client_id_of({"client_id": client_id}))
    return to(pages, f"/c/{conversation_id}")


@router.get("/conversations")
def rail(pages: Built, user: User, current: Entry = "", find: Entry = "") -> str:
    """The list of conversations that hold the words looked for."""
    return pages.rail(user, current, find.strip())


@router.post("/conversations", dependencies=guarded)
def new(pages: Built, user: User) -> RedirectResponse:
    """A new conversation, or the one at hand that nothing was written in yet."""
    return to(pages, f"/c/{unused_conversation(pages, user)}")


@router.post("/c/{conversation_id}/rename", dependencies=guarded)
def rename(pages: Built, user: User, conversation_id: Entry, title: Field) -> RedirectResponse:
    """Give a conversation another name. Raises UserError for an empty one."""
    if not title.strip():
        raise UserError("A conversation needs a name.", "Go back and write one.")
    pages.store.conversations.rename(user, conversation_id, title)
    return to(pages, f"/c/{conversation_id}")


@router.post("/c/{conversation_id}/delete", dependencies=guarded)
async def delete(
    request: Request, pages: Built, user: User, conversation_id: Entry, seen: Field = ""
) -> RedirectResponse:
    """Stop what runs there, and delete the conversation. `seen` is the one that the page shows, to go back to."""
    await asyncio.to_thread(pages.store.conversations.get, user, conversation_id)
    pages.runner.drop(conversation_id)
    await asyncio.to_thread(pages.store.conversations.delete, user, conversation_id)
    note_deleted(request.session, conversation_id)
    if seen and seen != conversation_id:
        return to(pages, f"/c/{seen}")
    return to(pages, f"/c/{await asyncio.to_thread(unused_conversation, pages, user)}")


@router.post("/c/{conversation_id}/undelete", dependencies=guarded)
def undelete(request: Request, pages: Built, user: User, conversation_id: Entry) -> RedirectResponse:
    """Bring a conversation back. Raises NotFoundError once its time is up."""
    request.session.pop(DELETED, None)
    pages.store.conversations.undelete(user, conversation_id)
    return to(pages, f"/c/{conversation_id}")


@router.get("/turns/{turn_id}/why")
def why(pages: Built, user: User, reader: Reads, turn_id: TurnId) -> str:
    """Why this answer came from where it did. Raises NotAllowedError for a customer."""
    if reader is Reader.CUSTOMER:
        raise NotAllowedError("How an answer was made is for our own staff.", "Go back to the conversation.")
    return pages.why(_page(pages, user, turn_id, reader).exchange(turn_id))


@router.post("/turns/{turn_id}/feedback", dependencies=guarded)
def feedback(pages: Built, user: User, reader: Reads, turn_id: TurnId, value: Annotated[int, Form()]) -> str:
    """Thumbs up (1), down (-1), or neither (0)."""
    pages.store.ratings.rate(user, turn_id, value)
    return _page(pages, user, turn_id, reader).thumbs(turn_id)


def unused_conversation(pages: Pages, user: str) -> str:
    """The id of a conversation in which nothing was written yet, a new one if there is none."""
    pages.store.conversations.ensure_user(user)
    for known in pages.store.conversations.of(user):
        if not known.title:
            return known.id
    return pages.store.conversations.create(user).id


def _page(pages: Pages, user: str, turn_id: int, reader: Reader) -> ChatPage:
    return ChatPage(pages, user, pages.store.turns.get(user, turn_id).conversation_id, reader)
