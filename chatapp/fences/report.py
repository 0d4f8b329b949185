"""The fences in words and as data; the log and the health page show the same."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from chatapp.fences.audit import Refusal, holds


@dataclass(frozen=True, slots=True)
class KernelFence:
    """A fence of the kernel's.

    `detail` says what it refuses, or why it is not up. `abi` is Landlock's, else 0.
    """

    name: str
    up: bool
    detail: str
    abi: int = 0

    @property
    def line(self) -> str:
        """The fence for people."""
        return f"{self.name}: {'up' if self.up else 'not up'} ({self.detail})"


@dataclass(frozen=True, slots=True)
class FenceReport:
    """Which fences stand.

    `allowed` are the addresses of the database and of local servers; `loop` is the event loop the server must use.
    """

    landlock: KernelFence
    seccomp: KernelFence
    allowed: tuple[str, ...] = ()
    loop: Literal["asyncio"] = "asyncio"
    log: deque[Refusal] = field(default_factory=deque, repr=False, compare=False)

    @property
    def audit_hook(self) -> bool:
        """Whether the hook refuses a connection at this moment: tried each time, without sending anything."""
        return holds()

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The last hundred refusals of the audit hook, oldest first."""
        return tuple(self.log)

    @property
    def lines(self) -> tuple[str, ...]:
        """The report for people, a line a fence."""
        hook = "up (no connection, lookup or program from Python)" if self.audit_hook else "NOT UP"
        return (
            f"audit hook: {hook}",
            self.landlock.line,
            self.seccomp.line,
            "event loop: asyncio (uvloop connects below the audit hook)",
            f"allowed besides this machine: {', '.join(self.allowed) or 'nothing'}",
        )

    def as_json(self, *, whole: bool = True) -> dict[str, Any]:
        """The report for programs; without `whole`, for anybody's: which fences stand, and no address."""
        named = {"allowed": list(self.allowed), "lines": list(self.lines)} if whole else {}
        return named | {
            "audit_hook": self.audit_hook,
            "landlock": self.landlock.up,
            "landlock_abi": self.landlock.abi,
            "seccomp": self.seccomp.up,
            "loop": self.loop,
            "refused_by_audit_hook": len(self.log),
        }
