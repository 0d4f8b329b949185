"""Python and its packages, the data folder, the database and the port."""

import json
import os
import platform
import shutil
import sys
import tempfile
from importlib import metadata
from urllib.request import ProxyHandler, build_opener

from chatapp.checks.broken import unmet
from chatapp.checks.check import Check, Patient
from chatapp.errors import DatabaseError, PortError
from localmodel.openmp import spins_long
from localmodel.processors import usable_processors

MIN_PYTHON = (3, 11)
MIN_FREE_BYTES = 500_000_000
"""The exported encoder and some weeks of conversations."""
_TRIAL_BYTES = 1 << 16


def python() -> Check:
    """The interpreter's version."""
    detail = f"{platform.python_version()} on {sys.platform} {platform.machine()}"
    if sys.version_info >= MIN_PYTHON:
        return Check("ok", "python", detail)
    return Check("fail", "python", detail, "Install Python 3.11 or newer.")


def packages(_: Patient) -> Check:
    """Every package that the program needs, in a supported version."""
    try:
        lines = unmet()
    except metadata.PackageNotFoundError:
        return Check("note", "packages", "the program runs from its files, not installed; versions are not compared")
    if not lines:
        return Check("ok", "packages", "all there, in versions that fit")
    remedy = f"Install the tested versions: {sys.executable} -m pip install -c constraints.txt firstline"
    return Check("fail", "packages", "; ".join(lines), remedy)


def threads(patient: Patient) -> Check:
    """How many threads the local model computes with, and whether they fit what this process may use."""
    usable, asked = usable_processors(), patient.settings.local_threads
    chosen = f"{asked or usable.threads} for the local model"
    if asked > usable.threads:
        remedy = "Threads that wait for a processor hold the others up: set FIRSTLINE_LOCAL_THREADS to 0, or unset it."
        return Check("note", "threads", f"{chosen} by FIRSTLINE_LOCAL_THREADS, more than fit: {usable.why}", remedy)
    if spins_long():
        remedy = "Unset OMP_WAIT_POLICY and GOMP_SPINCOUNT, unless nothing else ever runs on these processors."
        return Check("note", "threads", f"{chosen}, which never give a processor away while they wait", remedy)
    return Check("ok", "threads", f"{chosen}{' by FIRSTLINE_LOCAL_THREADS' if asked else ''}: {usable.why}")


def data_folder(patient: Patient) -> Check:
    """Writable, and not nearly full."""
    folder = patient.settings.data_dir
    remedy = "Give the folder to this user, make room, or set FIRSTLINE_DATA_DIR to another one."
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(bytes(_TRIAL_BYTES))
            trial.flush()
            os.fsync(trial.fileno())
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("fail", "data folder", f"{str(folder)!r} cannot be written: {error.strerror}", remedy)
    detail = f"{str(folder)!r}, {free / 1e9:.1f} GB free"
    return (
        Check("ok", "data folder", detail) if free >= MIN_FREE_BYTES else Check("fail", "data folder", detail, remedy)
    )


def database(patient: Patient) -> Check:
    """Reachable, at the newest revision (opening migrates it), and writable."""
    from chatapp.store import Store

    with Store.open(patient.settings.resolved_database_url) as store:
        store.database.ping()
        return Check("ok", "database", f"{store.database.where}, written to, migrations current")


def port(patient: Patient) -> Check:
    """The address is free, or our own server has it."""
    from chatapp.listener import listen

    settings = patient.settings
    try:
        with listen(settings.host, settings.port) as listener:
            host, number = listener.getsockname()[:2]
            return Check("ok", "port", f"{host} port {number} is free")
    except PortError:
        where = f"{settings.host} port {settings.port}"
        if running := _running(settings.host, settings.port):
            return Check("ok", "port", f"{where}: Firstline {running} serves there now")
        if patient.fences and _served(settings.resolved_database_url):
            detail = f"{where} is taken, most likely by the Firstline that serves this database now"
            return Check("note", "port", f"{detail}; in local-only mode nothing may connect to it and ask")
        raise


def _served(database_url: str) -> bool:
    """Whether a server holds the database's lock."""
    from chatapp.store.server_lock import hold

    try:
        lock = hold(database_url)
    except DatabaseError:
        return True
    if lock:
        lock.release()
    return False


def _running(host: str, number: int) -> str:
    """The version of a Firstline that answers there; "" if it is something else."""
    asked = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - named, not bound
    url = f"http://[{asked}]:{number}/healthz" if ":" in asked else f"http://{asked}:{number}/healthz"
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=5) as answer:
            health = json.load(answer)
            return str(health["version"]) if {"mode", "status"} <= health.keys() else ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
