"""Threads by affinity and CPU quota, in both layouts of control groups."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localmodel import processors
from localmodel.processors import usable_processors
from tests.localmodel.machine import V1, V2, machine

CPU1, CPU2 = "sys/fs/cgroup/cpu,cpuacct", "sys/fs/cgroup"


@pytest.fixture(autouse=True)
def _eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may run on eight processors."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def quota(root: Path, version: int, values: dict[str, str]) -> float | None:
    """By group of `/outer/inner`, what its file says: `150000 100000`, quota and period."""
    files = {}
    for group, said in values.items():
        allowed, period = said.split()
        files |= {f"{CPU2}/{group}/cpu.max": said} if version == 2 else {}
        files |= {f"{CPU1}/{group}/cpu.cfs_quota_us": allowed} if version == 1 else {}
        files |= {f"{CPU1}/{group}/cpu.cfs_period_us": period} if version == 1 else {}
    own = "0::/outer/inner" if version == 2 else "1:cpu,cpuacct:/outer/inner"
    return usable_processors(machine(root, own, V2 if version == 2 else V1, files)).quota


def test_without_a_quota_affinity_decides(tmp_path: Path) -> None:
    found = usable_processors(tmp_path)
    assert (found.affinity, found.quota, found.threads, found.why) == (8, None, 8, "8 processors, no CPU quota")


@pytest.mark.parametrize("version", [1, 2])
def test_the_tightest_quota_up_to_the_root_counts(tmp_path: Path, version: int) -> None:
    assert quota(tmp_path / "own", version, {"outer/inner": "100000 100000", "outer": "400000 100000"}) == 1
    assert quota(tmp_path / "above", version, {"outer/inner": "800000 100000", "outer": "25000 50000"}) == 0.5
    assert quota(tmp_path / "top", version, {"outer/inner": "800000 100000", ".": "300000 100000"}) == 3


@pytest.mark.parametrize("said", ["max 100000", "-1 100000", "0 100000", "100000 0", "x y"])
@pytest.mark.parametrize("version", [1, 2])
def test_no_quota_and_a_broken_one_bound_nothing(tmp_path: Path, version: int, said: str) -> None:
    assert quota(tmp_path, version, {"outer/inner": said}) is None


@pytest.mark.parametrize(
    ("cores", "threads"), [(0.1, 1), (0.5, 1), (1, 1), (1.4, 1), (1.5, 2), (2, 2), (2.5, 3), (7.4, 7), (8, 8), (64, 8)]
)
def test_a_broken_quota_is_rounded(tmp_path: Path, cores: float, threads: int) -> None:
    root = machine(tmp_path, "0::/", V2, {f"{CPU2}/cpu.max": f"{int(cores * 100_000)} 100000"})
    assert usable_processors(root).threads == threads


def test_the_reason_is_told_to_an_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = machine(tmp_path, "0::/", V2, {f"{CPU2}/cpu.max": "150000 100000"})
    assert usable_processors(root).why == "8 processors, and a CPU quota of 1.5, which is less"
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert usable_processors(root).why == "1 processor, and a CPU quota of 1.5, which is no less"


def test_where_affinity_is_not_known_all_processors_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_processors(tmp_path).threads == 1
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_processors(tmp_path).threads == 6


@given(st.text(max_size=30))
def test_whatever_a_group_says_there_are_threads(tmp_path_factory: pytest.TempPathFactory, said: str) -> None:
    root = machine(tmp_path_factory.mktemp("machine"), "0::/", V2, {f"{CPU2}/cpu.max": said})
    assert 1 <= usable_processors(root).threads <= 8


def test_the_machine_that_this_runs_on() -> None:
    found = processors.usable_processors()
    assert 1 <= found.threads <= found.affinity
