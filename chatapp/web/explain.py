"""What a request is told that went wrong: a page for a browser, JSON for a program, each in its reader's words."""

import logging
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException

from chatapp.errors import FirstlineError, NotFoundError, OperatorError, UserError, Words, detail_of, words_of
from chatapp.turn.events import Reader
from chatapp.web.access.operator import TokenNeededError, is_operator
from chatapp.web.contexts import ErrorContext
from chatapp.web.pages import Pages
from chatapp.web.views.person import way_to_a_person

log = logging.getLogger(__name__)


def explain(request: Request, error: Exception) -> Response:
    """The answer to a request that raised `error`."""
    known = _known(error)
    if isinstance(known, OperatorError):
        log.error("%s", known)
    reader = Reader.OPERATOR if is_operator(request) else Reader.CUSTOMER  # an error may hold addresses and paths
    headers: dict[str, str] = getattr(known, "headers", None) or getattr(error, "headers", None) or {}
    words, status = words_of(known), _status(error, known)
    pages: Pages = request.app.state.pages
    path = request.url.path.removeprefix(pages.templates.root)
    if "text/html" not in request.headers.get("accept", "") or path.startswith("/api/"):
        return JSONResponse({"error": _shape(known, words, reader)}, status, headers)
    detail = detail_of(known) if reader is Reader.OPERATOR else ""
    token_needed = isinstance(known, TokenNeededError)
    context = ErrorContext(
        theme=request.cookies.get("theme", ""),
        shop=pages.pack.title,
        words=words,
        detail="" if detail == words.text else detail,
        person=Markup() if token_needed else way_to_a_person(pages.pack.contact),
        token_needed=token_needed,
    )
    return HTMLResponse(pages.templates.page(context), status, headers)


def _shape(error: Exception, words: Words, reader: Reader) -> dict[str, Any]:
    if reader is Reader.OPERATOR and isinstance(error, FirstlineError):
        return {"code": error.code, "what": error.what, "hint": error.hint}
    return words._asdict()


def _status(error: Exception, known: Exception) -> int:
    """The framework's own, where it refused: with a 405 belong the methods that are allowed."""
    if isinstance(error, HTTPException):
        return error.status_code
    return known.status if isinstance(known, FirstlineError) else FirstlineError.status


def _known(error: Exception) -> Exception:
    """What the framework refused, in our own words."""
    match error:
        case HTTPException(status_code=404):
            return NotFoundError("There is nothing at this address.", "Go to the first page.")
        case HTTPException() | RequestValidationError():
            return UserError("This request could not be understood.", "Reload the page and try again.")
        case _:
            return error
