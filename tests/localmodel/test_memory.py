"""Memory that may still be taken, by the machine and by every group above the process."""

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from localmodel.memory import available_memory
from tests.localmodel.machine import V1_MEMORY, V2, machine

Limited = Callable[[str, int, int], dict[str, str]]
MB = 1_000_000
MEMINFO = {"proc/meminfo": "MemTotal:  9000000 kB\nMemFree:  10 kB\nMemAvailable:    8000000 kB"}
STAT = "anon 300000000\n{0}inactive_file 150000000\n{0}active_file 100000000\n{1} 50000000"


def old(folder: str, limit: int, used: int) -> dict[str, str]:
    """A group of version 1, with 250 MB of cached files of which 50 are mapped."""
    at = f"sys/fs/cgroup/memory{folder}"
    return {
        f"{at}/memory.limit_in_bytes": str(limit),
        f"{at}/memory.usage_in_bytes": str(used),
        f"{at}/memory.stat": "inactive_file 1\n" + STAT.format("total_", "total_mapped_file"),
    }


def new(folder: str, limit: int | str, used: int) -> dict[str, str]:
    """The same of version 2."""
    at = f"sys/fs/cgroup{folder}"
    stat = STAT.format("", "file_mapped")
    return {f"{at}/memory.max": str(limit), f"{at}/memory.current": str(used), f"{at}/memory.stat": stat}


def left(root: Path, files: dict[str, str]) -> tuple[int, str]:
    found = available_memory(machine(root, "4:memory:/a/b\n0::/a/b", f"{V1_MEMORY}\n{V2}", MEMINFO | files))
    return found.available_bytes, found.bound


@pytest.mark.parametrize("limited", [old, new])
def test_the_groups_limit_less_what_cannot_be_given_up(tmp_path: Path, limited: Limited) -> None:
    assert left(tmp_path, limited("/a/b", 1000 * MB, 600 * MB)) == (600 * MB, "the container's limit")


@pytest.mark.parametrize("limited", [old, new])
def test_a_group_above_may_be_the_tighter_one(tmp_path: Path, limited: Limited) -> None:
    files = limited("/a/b", 5000 * MB, 600 * MB) | limited("/a", 700 * MB, 600 * MB)
    assert left(tmp_path, files)[0] == 300 * MB


def test_without_a_limit_the_machine_decides(tmp_path: Path) -> None:
    machine_has = (8_000_000 * 1024, "this machine")
    assert left(tmp_path / "none", {}) == machine_has
    assert left(tmp_path / "max", new("/a/b", "max", 600 * MB)) == machine_has
    assert left(tmp_path / "huge", old("/a/b", 2**63 - 4096, 600 * MB)) == machine_has
    assert left(tmp_path / "wide", new("/a/b", 90_000 * MB, 600 * MB)) == machine_has


def test_a_group_that_is_full_leaves_nothing(tmp_path: Path) -> None:
    assert left(tmp_path, new("/a/b", 300 * MB, 600 * MB))[0] == 0


@pytest.mark.parametrize("said", ["", "MemAvailable:", "MemAvailable: many kB"])
def test_without_proc_the_systems_own_figure_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Told", (), {"available": 77}))
    machine(tmp_path, "", "", {"proc/meminfo": said})
    assert available_memory(tmp_path).available_bytes == 77


def test_the_machine_that_this_runs_on() -> None:
    assert 0 < available_memory().available_bytes <= psutil.virtual_memory().total
