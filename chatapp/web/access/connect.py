"""Why a page cannot connect. A browser tells its page only that a socket failed; so the page asks here."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from chatapp.errors import NotAllowedError, NotFoundError, UserError
from chatapp.web.access.refusals import Refusal
from chatapp.web.access.session import origins_of
from chatapp.web.dependencies import Built
from chatapp.web.entries import Entry

router = APIRouter()

NO_UPGRADE = Refusal(
    "A browser's WebSocket came as an ordinary request: the proxy before Firstline does not pass it on as one.",
    "For nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
    'proxy_set_header Connection "upgrade"; and a proxy_read_timeout of some minutes.',
)
REASONS = {
    "origin": "The chat cannot connect from this address. Open it from our own site.",
    "cookie": "Your browser did not send back the cookie that says which conversations are yours. "
    "Allow cookies for this site and reload the page.",
    "gone": "This conversation is no longer there. Start a new one.",
    "upgrade": "Something between you and us does not let the chat through. Your message is kept here.",
}


class UpgradeNeededError(UserError):
    """The socket's address was asked for without a WebSocket."""

    code = "upgrade_needed"
    status = 426


@router.post("/ws/check")
def check(request: Request, pages: Built, conversation: Entry = "") -> JSONResponse:
    """`{"ok", "code", "reason"}`: whether a socket of this page would be let in; `reason` is for the customer.

    A POST, since browsers name a page's origin in no GET of its own site.
    """
    code = _code(request, pages, conversation)
    return JSONResponse({"ok": not code, "code": code or "ok", "reason": REASONS.get(code, "")})


def _code(request: Request, pages: Built, conversation: str) -> str:
    try:
        origins_of(request).check(request)
    except NotAllowedError:
        return "origin"
    user = request.session.get("user")
    if not user:
        return "cookie"
    try:
        if conversation:
            pages.store.conversations.get(user, conversation)
    except NotFoundError:
        return "gone"
    return "upgrade" if NO_UPGRADE in request.app.state.refusals else ""


@router.get("/ws/chat/{conversation_id}")
def not_upgraded(request: Request, conversation_id: str) -> None:  # noqa: ARG001 - the socket's own address
    """What a WebSocket becomes behind a proxy that does not pass on its `Upgrade` header. Raises UpgradeNeededError."""
    if "sec-websocket-key" in request.headers:
        request.app.state.refusals.tell(NO_UPGRADE)
    raise UpgradeNeededError("This address speaks WebSocket.", "Connect to it with a WebSocket client.")
