"""`GET /healthz`: one look at whether this process can do its job."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from chatapp import __version__
from chatapp.errors import DatabaseError
from chatapp.product import Product
from router.types import Mode, Route

router = APIRouter()


@router.get("/healthz")
def healthz(request: Request) -> JSONResponse:
    """`status` is ok or degraded (503); `local` and `cloud` say what each route can do now."""
    app: Product = request.app.state.firstline
    database = _database(app)
    healthy = database == "ok"
    body: dict[str, Any] = {
        "status": "ok" if healthy else "degraded",
        "version": __version__,
        "mode": app.settings.mode.value,
        "local": {"state": "ready", "model": app.backends[Route.LOCAL].model},
        "cloud": _cloud(app),
        "database": database,
        "pack": app.router.pack.name,
        "policy": app.router.policy.version,
    }
    if app.fences:
        body["fences"] = app.fences.as_json()
    return JSONResponse(body, 200 if healthy else 503)


def _cloud(app: Product) -> dict[str, str]:
    if app.settings.mode is Mode.LOCAL_ONLY:
        return {"state": "forbidden"}
    if Route.CLOUD not in app.backends:
        return {"state": "not connected"}
    return {"state": "connected", "model": app.backends[Route.CLOUD].model}


def _database(app: Product) -> str:
    try:
        app.store.ping()
    except DatabaseError as error:
        return error.what
    return "ok"
