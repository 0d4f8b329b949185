"""Less processor than the machine has: a control group with a CPU quota, or what is nearest to one."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from localmodel.cgroups import Group, groups

PERIOD_S = 0.1
"""The kernel's own default."""
_LOOK_S = 0.001


@contextmanager
def quota_group(processors: float) -> Iterator[Path | None]:
    """The folder of a group of our own whose processes together may use `processors` of them (0.5 is half a one), or
    None where none may be made. Its processes must have ended when the context ends.
    """
    folder = _made(processors)
    try:
        yield folder
    finally:
        if folder:
            _removed(folder)


def join(folder: Path) -> None:
    """Move this process, and all that it starts, into the group."""
    (folder / "cgroup.procs").write_text(str(os.getpid()))


def _made(processors: float) -> Path | None:
    for own in groups("cpu"):
        folder = own.folder / f"firstline-bench-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            _limit(Group(own.version, folder), processors)
        except OSError:
            _removed(folder)
        else:
            return folder
    return None


def _limit(group: Group, processors: float) -> None:
    period = round(PERIOD_S * 1e6)
    if group.version == 1:
        (group.folder / "cpu.cfs_period_us").write_text(str(period))
        (group.folder / "cpu.cfs_quota_us").write_text(str(round(processors * period)))
    else:
        (group.folder / "cpu.max").write_text(f"{round(processors * period)} {period}")


def _removed(folder: Path) -> None:
    for _ in range(50):  # a process that has just ended still counts for a moment
        with suppress(OSError):
            folder.rmdir()
            return
        time.sleep(0.02)


@contextmanager
def stopped_beyond(pid: int, processors: float) -> Iterator[None]:
    """Stop the process `pid` as a CPU quota would: for the rest of each period in which its threads together have used
    `processors` times the period.

    It is looked at every millisecond, so it overdraws by as much; the kernel does by its own slices.
    """
    over = Event()
    thread = Thread(target=_throttle, args=(pid, processors * PERIOD_S, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _signal(pid, signal.SIGCONT)


def _throttle(pid: int, allowance_s: float, over: Event) -> None:
    while not over.is_set():
        ends, began = time.monotonic() + PERIOD_S, used_s(pid)
        while time.monotonic() < ends and not over.is_set():
            if used_s(pid) - began >= allowance_s:
                _signal(pid, signal.SIGSTOP)
                over.wait(max(0.0, ends - time.monotonic()))
                _signal(pid, signal.SIGCONT)
            else:
                time.sleep(_LOOK_S)


def used_s(pid: int) -> float:
    """Processor time that the threads of a process have used, in seconds, to the microsecond; 0 where it has ended."""
    total = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # a thread that has just ended
            total += int(path.read_text().split()[0])
    return total / 1e9


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
