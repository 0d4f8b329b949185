"""How much memory this process may still take before the system swaps, refuses or kills."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localmodel.cgroups import Group, groups


@dataclass(frozen=True, slots=True)
class Memory:
    """`available_bytes` may still be taken; `bound` names what ends there: this machine, or the container's limit."""

    available_bytes: int
    bound: str


def available_memory(root: Path = Path("/")) -> Memory:
    """The tighter of what the machine has left and what the groups of this process leave, read anew at each call.

    Swap counts as nothing: a model that is swapped out answers nobody.
    """
    left = [Memory(_of_machine(root), "this machine")]
    left += [Memory(free, "the container's limit") for group in groups("memory", root) for free in _left(group)]
    return min(left, key=lambda memory: memory.available_bytes)


def _of_machine(root: Path) -> int:
    """MemAvailable, by /proc/meminfo where there is one: the kernel's own estimate, without what it could only swap."""
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
        table = dict(line.split(":", 1) for line in lines if ":" in line)
        return int(table["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError, IndexError):
        import psutil

        return int(psutil.virtual_memory().available)


def _left(group: Group) -> Iterator[int]:
    """What one group leaves, if it has a limit. Version 1 writes "no limit" as a number near 2^63, which is never the
    tightest.

    Usage counts cached files, which the kernel gives up before it refuses anybody. Those that are mapped are in use: a
    model's weights are among them.
    """
    old = group.version == 1
    limit = group.number("memory.limit_in_bytes" if old else "memory.max")
    used = group.number("memory.usage_in_bytes" if old else "memory.current")
    if limit is None or used is None:
        return
    table, prefix = group.table("memory.stat"), "total_" if old else ""
    cached = table.get(f"{prefix}active_file", 0) + table.get(f"{prefix}inactive_file", 0)
    mapped = table.get("total_mapped_file" if old else "file_mapped", 0)
    yield max(0, limit - max(0, used - max(0, cached - mapped)))
