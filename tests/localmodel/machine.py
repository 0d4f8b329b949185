"""A root folder with the few files of /proc and /sys that say what a process may use."""

from collections.abc import Mapping
from pathlib import Path

V1 = "31 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct"
V1_MEMORY = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:7 - cgroup cgroup rw,memory"
V2 = "41 31 0:38 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"


def machine(root: Path, cgroup: str, mounts: str, files: Mapping[str, str]) -> Path:
    """`root`, with /proc/self/cgroup, /proc/self/mountinfo, and `files` by their path below /."""
    for name, text in {"proc/self/cgroup": cgroup, "proc/self/mountinfo": mounts, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root
