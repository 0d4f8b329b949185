"""The fences of local-only mode: what keeps every word on this machine, whatever fails above them.

docs/local-only.md says which fence guarantees what, and what none of them does.
"""

from collections import deque
from collections.abc import Sequence
from functools import cache

from chatapp.errors import FenceError
from chatapp.fences.audit import Refusal, build_hook, holds, install
from chatapp.fences.endpoints import database_endpoints, resolvable, resolve, server_endpoints
from chatapp.fences.guards import guard_names
from chatapp.fences.landlock import raise_landlock
from chatapp.fences.report import FenceReport, KernelFence
from chatapp.fences.seccomp import raise_seccomp

__all__ = [
    "FenceReport",
    "KernelFence",
    "Refusal",
    "database_endpoints",
    "raise_fences",
    "resolvable",
    "server_endpoints",
]

_KEPT_REFUSALS = 100


def raise_fences(allowed: Sequence[tuple[str, int]] = ()) -> FenceReport:
    """Raise every fence this system has, for the life of the process; none can be taken down again. Where those for
    the same addresses stand already, the report is theirs.

    `allowed` are the (host, port) pairs of the database and of local servers: the only connections besides this machine
    itself. Names are looked up here, once, before the first fence stands. Call it before any thread starts and before
    any library that could connect is imported. Raises SettingError when a host has no address, FenceError when the
    audit hook does not hold (another hook can veto it); a kernel fence that is missing is reported, not raised.
    """
    return _raised(tuple(allowed))


@cache
def _raised(allowed: tuple[tuple[str, int], ...]) -> FenceReport:
    endpoints = resolve(allowed)
    refusals: deque[Refusal] = deque(maxlen=_KEPT_REFUSALS)
    install(build_hook(endpoints, refusals.append))
    guard_names()
    if not holds():
        raise FenceError(
            "The audit hook of local-only mode could not be raised: another audit hook vetoed it.",
            "Start Firstline without the tool that installs that hook.",
        )
    landlock = raise_landlock(endpoints.ports)
    seccomp = raise_seccomp(lookups=bool(endpoints.names))
    return FenceReport(landlock=landlock, seccomp=seccomp, allowed=endpoints.shown, log=refusals)
