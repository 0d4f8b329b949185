"""`firstline doctor`: every part of the installation, tried in order; a failure does not stop the next."""

import asyncio
import json
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from typing import Literal

import typer

from chatapp.errors import FirstlineError
from chatapp.fences.report import FenceReport
from chatapp.settings import Settings
from router.errors import RouterError
from router.types import Mode

MIN_PYTHON = (3, 11)
MIN_FREE_BYTES = 500_000_000
"""The exported encoder and some weeks of conversations."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part's state. `remedy` is what to do; only a failure has one."""

    status: Literal["ok", "fail", "note"]
    name: str
    detail: str
    remedy: str = ""

    @property
    def text(self) -> str:
        """For people: a line, and the remedy under a failure."""
        remedy = f"\n      {self.remedy}" if self.remedy else ""
        return f"{self.status:<4}  {self.name:<12}  {self.detail}{remedy}"


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined. `fences` is None in hybrid mode."""

    settings: Settings
    fences: FenceReport | None


Start = Callable[[], tuple[Settings, FenceReport | None]]
Part = Callable[[Patient], Check]


def doctor(start: Start, *, as_json: bool) -> int:
    """Examine and print: each check when it is done, or all as one JSON object.

    Gives the exit code: 1 if any fails. `start` gives the settings and the fences, raised before any library
    is loaded.
    """
    checks = []
    for check in examine(start):
        checks.append(check)
        if not as_json:
            typer.echo(check.text)
    healthy = all(check.status != "fail" for check in checks)
    if as_json:
        typer.echo(json.dumps({"ok": healthy, "checks": [asdict(check) for check in checks]}))
    return 0 if healthy else 1


def examine(start: Start) -> Iterator[Check]:
    """The checks, in order. Without usable settings only Python can be looked at."""
    try:
        patient = Patient(*start())
    except FirstlineError as error:
        yield Check("fail", "settings", error.what, error.hint)
        yield python()
        return
    yield Check("ok", "settings", f"{patient.settings.mode.value}, pack {patient.settings.pack!r}")
    yield python()
    for name, part in PARTS.items():
        with redirect_stdout(sys.stderr):
            check = _tried(name, part, patient)
        yield check


def _tried(name: str, part: Part, patient: Patient) -> Check:
    try:
        return part(patient)
    except (FirstlineError, RouterError) as error:
        return Check("fail", name, error.what, error.hint)
    except Exception as error:  # a broken library must not hide the checks after it
        return Check("fail", name, f"{type(error).__name__}: {error}", "Reinstall Firstline: pip install -U firstline.")


def python() -> Check:
    """The interpreter's version."""
    detail = f"{platform.python_version()} on {sys.platform} {platform.machine()}"
    if sys.version_info >= MIN_PYTHON:
        return Check("ok", "python", detail)
    return Check("fail", "python", detail, "Install Python 3.11 or newer.")


def data_folder(patient: Patient) -> Check:
    """Writable, and not nearly full."""
    folder = patient.settings.data_dir
    remedy = "Give the folder to this user, make room, or set FIRSTLINE_DATA_DIR to another one."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("fail", "data folder", f"{str(folder)!r} cannot be written: {error.strerror}", remedy)
    detail = f"{str(folder)!r}, {free / 1e9:.1f} GB free"
    return (
        Check("ok", "data folder", detail) if free >= MIN_FREE_BYTES else Check("fail", "data folder", detail, remedy)
    )


def pack(patient: Patient) -> Check:
    """The domain pack's files."""
    from chatapp.paths import pack_folder
    from router.pack import load_pack

    loaded = load_pack(pack_folder(patient.settings.pack))
    return Check("ok", "pack", f"{loaded.name!r}: {len(loaded.categories)} categories, {len(loaded.facts)} facts")


def encoder(patient: Patient) -> Check:
    """The pinned weights, their export, and one message through it."""
    from chatapp.paths import pack_folder
    from router.encoder import Encoder
    from router.pack import load_pack

    own = load_pack(pack_folder(patient.settings.pack))
    loaded = Encoder.load(patient.settings.data_dir / "router", own.encoder, own.adapter)
    loaded.encode_one("warm up")
    began = time.perf_counter()
    size = loaded.encode_one("Where is my parcel?").shape[0]
    return Check("ok", "encoder", f"{size} dimensions, {(time.perf_counter() - began) * 1000:.1f} ms a message")


def router(patient: Patient) -> Check:
    """The trained artefacts, the policy file if one is named, and one decision."""
    from chatapp.routing import open_router
    from router.types import Circumstances

    opened = open_router(patient.settings)
    decision = opened.decide("Where is my parcel?", (), Circumstances(patient.settings.mode))
    return Check("ok", "router", f"policy {decision.policy}, {decision.elapsed_ms:.1f} ms a decision")


def local_model(patient: Patient) -> Check:
    """The pinned file, loaded, and one token of it."""
    from chatapp.backends.base import ChatMessage, Request
    from chatapp.backends.local import LocalBackend

    async def one_token() -> float:
        backend = LocalBackend(patient.settings)
        try:
            await asyncio.to_thread(backend.load)
            began = time.perf_counter()
            async for _ in backend.stream(Request((ChatMessage("user", "Hello"),), max_tokens=1)):
                pass
            return (time.perf_counter() - began) * 1000
        finally:
            await backend.aclose()

    elapsed_ms = asyncio.run(one_token())
    name = patient.settings.local_model or "the shipped model"
    return Check("ok", "local model", f"{name}, first token in {elapsed_ms:.0f} ms")


def database(patient: Patient) -> Check:
    """Reachable, writable, at the newest revision: opening migrates."""
    from chatapp.store import Store

    with Store.open(patient.settings.resolved_database_url) as store:
        with store.write() as session:
            session.connection()  # begins, which takes SQLite's lock for writing
        return Check("ok", "database", f"{store.where}, migrations current")


def cloud(patient: Patient) -> Check:
    """Asks the server for its models, which costs nothing; nothing at all in local-only mode."""
    settings = patient.settings
    if settings.mode is Mode.LOCAL_ONLY:
        return Check("note", "cloud", "forbidden in local-only mode, and not tried")
    if not settings.cloud_connected:
        return Check("note", "cloud", "not connected; FIRSTLINE_CLOUD_API_KEY connects one")
    from chatapp.backends.cloud import CloudBackend

    async def ask() -> None:
        backend = CloudBackend(settings)
        try:
            await backend.check()
        finally:
            await backend.aclose()

    asyncio.run(ask())
    return Check("ok", "cloud", f"{settings.cloud_base_url} answers")


def fences(patient: Patient) -> Check:
    """What keeps the data here, in local-only mode."""
    if patient.fences is None:
        return Check("note", "fences", "not raised in hybrid mode; FIRSTLINE_MODE=local-only raises them")
    detail = "; ".join(patient.fences.lines)
    if not patient.fences.audit_hook:
        return Check("fail", "fences", detail, "Start Firstline without the tool that installs its own audit hook.")
    whole = patient.fences.landlock.up and patient.fences.seccomp.up
    return Check("ok" if whole else "note", "fences", detail)


def port(patient: Patient) -> Check:
    """The address is free."""
    from chatapp.commands.listener import listen

    with listen(patient.settings.host, patient.settings.port) as listener:
        host, number = listener.getsockname()[:2]
        return Check("ok", "port", f"{host} port {number} is free")


PARTS: dict[str, Part] = {
    "data folder": data_folder,
    "pack": pack,
    "encoder": encoder,
    "router": router,
    "local model": local_model,
    "database": database,
    "cloud": cloud,
    "fences": fences,
    "port": port,
}
