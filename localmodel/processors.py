"""How many processors this process may use, and so how many threads compute.

A container's CPU quota is time, not processors: with `--cpus=1` on eight of them a process may still run on all eight,
and is stopped for the rest of every tenth of a second once they have used a processor's worth together. Threads beyond
the quota only bring that moment closer, and those of a model wait for each other at every step.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from localmodel.cgroups import Group, groups


@dataclass(frozen=True, slots=True)
class Processors:
    """`affinity` is the number of processors that this process may run on, `quota` how much of them it may use (1.5 is
    one and a half; None without one), `threads` how many should compute, and `why` says it to an operator.
    """

    affinity: int
    quota: float | None
    threads: int
    why: str


def usable_processors(root: Path = Path("/")) -> Processors:
    """What affinity and the tightest CPU quota leave, read anew at each call.

    A broken quota is rounded, half a processor up: of a quota of 1.5 two threads use all, at the price of a pause of a
    quarter of each period, and one would leave a third unused; of 1.2 the second thread would wait more than it works.
    """
    affinity, quota = _affinity(), _tightest(root)
    allowed = affinity if quota is None else min(affinity, quota)
    return Processors(affinity, quota, max(1, int(allowed + 0.5)), _why(affinity, quota))


def _affinity() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tightest(root: Path) -> float | None:
    found = [quota for group in groups("cpu", root) if (quota := _quota(group)) is not None]
    return min(found, default=None)


def _quota(group: Group) -> float | None:
    """Microseconds a period by microseconds of the period; None where the group has no quota."""
    if group.version == 1:
        quota, period = group.number("cpu.cfs_quota_us"), group.number("cpu.cfs_period_us")
    else:
        said = group.words("cpu.max")
        quota, period = (int(word) if word.isdecimal() else None for word in (*said, "", "")[:2])
    return quota / period if quota and period and quota > 0 and period > 0 else None


def _why(affinity: int, quota: float | None) -> str:
    processors = "1 processor" if affinity == 1 else f"{affinity} processors"
    if quota is None:
        return f"{processors}, no CPU quota"
    least = "which is less" if quota < affinity else "which is no less"
    return f"{processors}, and a CPU quota of {quota:.3g}, {least}"
