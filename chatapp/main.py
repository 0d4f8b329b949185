"""The application that serves a product over HTTP. It opens no model, database or router: `assembly/` does."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from chatapp.addresses.origin import read_origins
from chatapp.addresses.proxies import Proxies
from chatapp.assembly.product import Product
from chatapp.assembly.upkeep import kept_up
from chatapp.errors import FirstlineError
from chatapp.paths import STATIC
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
from chatapp.web.explain import explain
from chatapp.web.pages import Pages
from chatapp.web.templates import Templates

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


def create_app(product: Product) -> FastAPI:
    """The application of an open product, which it closes with its own end. Raises SettingError."""
    settings = product.settings
    app = FastAPI(
        title="Firstline", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan, telemetry=NO_REPORTS
    )
    app.state.product = product
    app.state.pages = Pages(product, Templates(settings.root_path))
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


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    product: Product = app.state.product
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(WAITING_THREADS, thread_name_prefix="blocking"))
    async with kept_up(product.settings, product.store, product.runner, product.backends.values(), product.serving):
        yield
    await product.aclose()


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
