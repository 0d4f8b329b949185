"""The composition root of the server: `create_app(settings)` builds everything, and nothing is built at import."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from chatapp.addresses.origin import read_origins
from chatapp.addresses.proxies import Proxies
from chatapp.assembly.product import Product, build_product
from chatapp.backends.cloud.usage import price_microusd
from chatapp.errors import DatabaseError, FirstlineError
from chatapp.fences import FenceReport
from chatapp.paths import STATIC
from chatapp.settings import Settings
from chatapp.store.forget import Forgetter
from chatapp.store.owners import BEAT_S
from chatapp.store.server_lock import hold
from chatapp.turn.ledger import close_abandoned
from chatapp.web import api, health, ops, threads
from chatapp.web import routes as pages
from chatapp.web.access import connect
from chatapp.web.access.cookies import Sessions
from chatapp.web.access.forwarded import Forwarded
from chatapp.web.access.origins import Origins
from chatapp.web.access.refusals import Refusals
from chatapp.web.access.rootpath import RootPath
from chatapp.web.access.signing import session_secret
from chatapp.web.access.throttle import Throttle
from chatapp.web.chat_page import Pages
from chatapp.web.explain import explain
from chatapp.web.templates import Templates

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: no request leaves the origin, whatever an answer holds."""

NO_REPORTS: TelemetryConfig = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
"""Of requests, to wherever OTEL_* in the environment point: what is asked here is told to nobody."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

WAITING_THREADS = 32
"""Threads for calls that block, which wait for the database most of the time: as many as it has connections. Python's
own number, six on two cores, would let writers that wait for a lock keep every reader waiting.
"""


def create_app(settings: Settings, fences: FenceReport | None = None) -> FastAPI:
    """The application, ready to serve. Raises OperatorError and RouterError for what an operator must put right."""
    lock = hold(settings.resolved_database_url)
    product = build_product(settings, fences)
    if lock:
        product.store.serve_alone()
    close_abandoned(product.store, partial(price_microusd, settings), None if lock else _no_call_is_older(settings))
    app = FastAPI(
        title="Firstline", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan, telemetry=NO_REPORTS
    )
    templates = Templates(settings.root_path)
    app.state.firstline, app.state.lock = product, lock
    app.state.drain = partial(product.runner.aclose, settings.grace_s)
    app.state.pages = Pages(settings, product.router.pack, product.store, product.runner, templates)
    app.state.operator_token = settings.operator_token.get_secret_value().strip() or secrets.token_urlsafe(16)
    app.state.throttle = Throttle()
    app.state.refusals = Refusals(settings.data_dir)
    app.state.origins = Origins(read_origins(settings.allowed_origins), app.state.refusals)
    app.add_middleware(Sessions, secret=session_secret(settings), root=settings.root_path)
    app.middleware("http")(_headers)
    app.add_middleware(RootPath, root=settings.root_path)
    app.add_middleware(Forwarded, proxies=Proxies(settings.trusted_proxies))
    for known in (FirstlineError, HTTPException, RequestValidationError):
        app.add_exception_handler(known, explain)
    app.add_exception_handler(Exception, _crashed)
    for room in (pages, api, connect, ops, threads, health):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.mount("/vendor", StaticFiles(packages=[("django_htmx", "static/django_htmx")]))
    return app


def _no_call_is_older(settings: Settings) -> datetime:
    """A time from which no model call can be under way, in this process or in another one that shares the database."""
    return datetime.now(UTC) - timedelta(seconds=2 * settings.cloud_total_timeout_s)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    product: Product = app.state.firstline
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(WAITING_THREADS, thread_name_prefix="blocking"))
    sweeping = asyncio.create_task(_sweep(product), name="sweep")
    forgetting = asyncio.create_task(Forgetter(product.store).run(), name="forget")
    yield
    sweeping.cancel()
    forgetting.cancel()
    await asyncio.gather(sweeping, forgetting, return_exceptions=True)
    await product.aclose()
    if app.state.lock:
        app.state.lock.release()


async def _sweep(product: Product) -> None:
    """Look again and again for turns and model calls whose process died, which may have been another one."""
    price = partial(price_microusd, product.settings)
    while True:
        try:
            await product.runner.sweep()
            with suppress(DatabaseError):
                await asyncio.to_thread(close_abandoned, product.store, price, _no_call_is_older(product.settings))
        except Exception:  # without it, what waits for another process would wait for ever
            log.exception("a look for what nobody answers failed")
        await asyncio.sleep(BEAT_S)


async def _headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    immutable = _path(request).startswith("/static/") and request.url.query
    cached = "public, max-age=31536000, immutable" if immutable else "no-cache"
    response.headers.setdefault("Cache-Control", cached)
    return response


def _path(request: Request) -> str:
    """The address below the root path."""
    return request.url.path.removeprefix(request.app.state.pages.templates.root)


def _crashed(request: Request, error: Exception) -> Response:
    """The answer to what nobody expected; no middleware sees it."""
    response = explain(request, error)
    response.headers.update(HEADERS)
    return response
