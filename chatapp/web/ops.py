"""The operator's page: what each route and category costs, how fast it is, how often it fails. Behind a token."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from chatapp.errors import NotAllowedError
from chatapp.store import Prices
from chatapp.turn.events import Reader
from chatapp.web.access.operator import enter as let_in
from chatapp.web.access.operator import is_operator, operator
from chatapp.web.access.session import LARGEST_ID, same_origin
from chatapp.web.contexts import OpsContext
from chatapp.web.dependencies import Built, to
from chatapp.web.entries import Entry, Field
from chatapp.web.views.sparkline import sparklines

router = APIRouter(default_response_class=HTMLResponse)

PERIODS = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(days=1)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
    "all": ("All", timedelta(days=3650)),
}
BUCKETS = 48
PAGE_TURNS = 50


@router.get("/ops")
def ops(
    request: Request,
    pages: Built,
    period: Entry = "24h",
    route: Entry = "",
    category: Entry = "",
    before: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
    token: Entry = "",
) -> Response:
    """Figures of one period, and its latest turns, filtered by route or category where asked."""
    if token:
        if request.headers.get("sec-fetch-dest", "document") != "document":  # a picture in some other site's page
            raise NotAllowedError("This address is to be opened as a page.", "Open it in a window of its own.")
        if not is_operator(request):
            let_in(request, token)
        return to(pages, "/ops")  # away from the address, which histories and logs keep
    operator(request)
    period = period if period in PERIODS else "24h"
    now = datetime.now(UTC)
    since = now - PERIODS[period][1]
    settings, serving = pages.settings, pages.product.serving()
    prices = Prices(settings.cloud_price_input, settings.cloud_price_output)
    turns = pages.store.overview.latest_turns(PAGE_TURNS, since, now, route or None, category or None, before or None)
    timeline = pages.store.overview.timeline(since, now, BUCKETS) if period != "all" else []
    html = pages.templates.page(
        OpsContext(
            theme=request.cookies.get("theme", ""),
            shop=pages.pack.title,
            mode=pages.mode(Reader.OPERATOR),
            period=period,
            periods={key: words for key, (words, _) in PERIODS.items()},
            figures=pages.store.figures.between(since, now, prices),
            sparklines=sparklines(timeline),
            titles=pages.titles,
            turns=tuple(turns),
            page_turns=PAGE_TURNS,
            route=route,
            category=category,
            prices=prices,
            hourly_usd=settings.local_hourly_usd,
            release=serving.release,
            policy=serving.router.policy.version,
            made_at=now,
        )
    )
    return HTMLResponse(html)


@router.post("/ops", dependencies=[Depends(same_origin)])
def enter(request: Request, pages: Built, token: Field) -> RedirectResponse:
    """Take the token from the form. Raises WrongTokenError, TooManyTriesError."""
    let_in(request, token)
    return to(pages, "/ops")
