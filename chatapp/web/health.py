"""`GET /healthz`: one look at whether this process can do its job."""

import logging
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from chatapp import __version__
from chatapp.assembly.product import Product
from chatapp.backends.base import model_name
from chatapp.backends.pool.pool import Pool
from chatapp.errors import DatabaseError
from chatapp.turn.events import Reader
from chatapp.web.access.operator import is_operator, reader_of
from router.types import Mode, Route

router = APIRouter()
log = logging.getLogger(__name__)


@router.api_route("/healthz", methods=["GET", "HEAD"])
def healthz(request: Request) -> JSONResponse:
    """`status` is ok, or with 503 closing or degraded: the database cannot be read or written.

    `local` and `cloud` say what each route can do now: the local model is ready, starting again, or failed. The
    operator learns why. Where everybody sees how answers are made, models and policy are told to all; addresses and
    paths to none but the operator.
    """
    app: Product = request.app.state.product
    trouble, operator = _trouble(app), is_operator(request)
    ready = not trouble and not app.runner.closing
    body: dict[str, Any] = {
        "status": "degraded" if trouble else "closing" if app.runner.closing else "ok",
        "version": __version__,
        "mode": app.settings.mode.value,
        "local": _local(app, operator),
        "cloud": {"state": _cloud(app)},
        "database": "unavailable" if trouble else "ok",
    }
    if app.fences:
        body["fences"] = app.fences.as_json(whole=operator)
    if reader_of(request) is Reader.OPERATOR:
        body |= _how_it_is_made(app, body)
    if operator and trouble:
        body["database"] = trouble
    return JSONResponse(body, 200 if ready else 503)


def _how_it_is_made(app: Product, body: dict[str, Any]) -> dict[str, Any]:
    serving = app.serving()
    adapters = {Route.LOCAL: serving.adapter}
    models = {
        route.value: body[route.value] | {"model": model_name(backend, adapters.get(route))}
        for route, backend in app.backends.items()
    }
    more: dict[str, Any] = {
        "pack": app.pack.name,
        "release": serving.release,
        "policy": serving.router.policy.version,
    }
    if waiting := app.runner.outbox.waiting:
        more["waiting_to_be_stored"] = list(waiting)
    if app.runner.last_failure:
        at, failed = app.runner.last_failure
        more["last_failure"] = {"at": at.isoformat(), "code": failed.code, "detail": failed.detail}
    return models | more


def _local(app: Product, operator: bool) -> dict[str, Any]:
    """Whether the local route can answer, and for the operator the servers behind it, where it has any."""
    backend = app.backends[Route.LOCAL]
    told: dict[str, Any] = {"state": getattr(backend, "state", "ready")}
    if operator and isinstance(backend, Pool):
        told["servers"] = [asdict(server) for server in backend.statuses]
    return told


def _cloud(app: Product) -> str:
    if app.settings.mode is Mode.LOCAL_ONLY:
        return "forbidden"
    return "connected" if Route.CLOUD in app.backends else "not connected"


def _trouble(app: Product) -> str:
    """What is wrong with the database, in the operator's words; empty where nothing is."""
    try:
        app.store.database.ping()
    except DatabaseError as error:
        log.error("%s", error)
        return str(error)
    return ""
