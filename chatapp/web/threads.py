"""A conversation as the operator reads it: what was said, how each answer was made, and why one failed."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from chatapp.turn.events import Reader
from chatapp.web.access.operator import operator
from chatapp.web.contexts import ThreadContext
from chatapp.web.dependencies import Built
from chatapp.web.entries import Entry

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/ops/conversations/{conversation_id}", dependencies=[Depends(operator)])
def thread(request: Request, pages: Built, conversation_id: Entry) -> str:
    """Any user's conversation, to read only. Raises NotFoundError, also for a deleted one."""
    exchanges = pages.store.exchanges.of(conversation_id)
    return pages.templates.page(
        ThreadContext(
            theme=request.cookies.get("theme", ""),
            shop=pages.pack.title,
            mode=pages.mode(Reader.OPERATOR),
            conversation_id=conversation_id,
            began_at=exchanges[0].turn.created_at if exchanges else None,
            turns=tuple(pages.read(exchange) for exchange in exchanges),
        )
    )
