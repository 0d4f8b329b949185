"""What a route asks for by its type: the pages, its reader, a turn's number; and the way on to another page."""

from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.responses import RedirectResponse

from chatapp.turn.events import Reader
from chatapp.web.access.operator import reader_of
from chatapp.web.access.session import LARGEST_ID
from chatapp.web.pages import Pages

SEE_OTHER = 303


def pages_of(request: Request) -> Pages:
    """The pages built in `create_app`."""
    pages: Pages = request.app.state.pages
    return pages


TurnId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Built = Annotated[Pages, Depends(pages_of)]
Reads = Annotated[Reader, Depends(reader_of)]


def to(pages: Pages, path: str) -> RedirectResponse:
    """On to another page of ours, below the root path."""
    return RedirectResponse(pages.templates.root + path, SEE_OTHER)
