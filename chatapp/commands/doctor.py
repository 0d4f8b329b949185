"""`firstline doctor`: every part of the installation, tried in order; a failure does not stop the next."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import asdict

import typer

from chatapp.checks.broken import explained
from chatapp.checks.check import Check, Patient
from chatapp.checks.connection import fences, pages, sessions
from chatapp.checks.machine import data_folder, database, packages, port, python, threads
from chatapp.checks.models import cloud, encoder, local_model, pack, router, safety
from chatapp.environment import of_kubernetes
from chatapp.errors import FirstlineError
from chatapp.fences.report import FenceReport
from chatapp.settings import Settings
from localmodel.errors import ExplainedError

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
    yield _settings(patient)
    yield python()
    for name, part in PARTS.items():
        with redirect_stdout(sys.stderr):
            check = _tried(name, part, patient)
        yield check


def _settings(patient: Patient) -> Check:
    detail = f"{patient.settings.mode.value}, pack {patient.settings.pack!r}"
    added = sorted(name for name, value in os.environ.items() if of_kubernetes(name, value))
    return Check("ok", "settings", f"{detail}; not read, of Kubernetes: {', '.join(added)}" if added else detail)


def _tried(name: str, part: Part, patient: Patient) -> Check:
    try:
        return part(patient)
    except ExplainedError as error:
        return Check("fail", name, error.what, error.hint)
    except Exception as error:  # a broken library must not hide the checks after it
        return Check("fail", name, *explained(error))


PARTS: dict[str, Part] = {
    "packages": packages,
    "data folder": data_folder,
    "pack": pack,
    "encoder": encoder,
    "safety": safety,
    "router": router,
    "threads": threads,
    "local model": local_model,
    "database": database,
    "cloud": cloud,
    "fences": fences,
    "pages": pages,
    "sessions": sessions,
    "port": port,
}
