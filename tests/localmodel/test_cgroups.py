"""Which folders bound a process, in both layouts and as containers see them."""

from pathlib import Path

import pytest

from localmodel.cgroups import Group, groups
from tests.localmodel.machine import V1, V1_MEMORY, V2, machine


def found(root: Path, controller: str = "cpu") -> list[str]:
    return [f"v{group.version} /{group.folder.relative_to(root).as_posix()}" for group in groups(controller, root)]


def test_from_its_own_group_upwards_in_the_new_layout(tmp_path: Path) -> None:
    machine(tmp_path, "0::/system.slice/first line", V2, {})
    assert found(tmp_path) == [
        "v2 /sys/fs/cgroup/system.slice/first line",
        "v2 /sys/fs/cgroup/system.slice",
        "v2 /sys/fs/cgroup",
    ]


def test_the_controllers_of_the_old_layout_each_have_a_group(tmp_path: Path) -> None:
    machine(tmp_path, "4:memory:/a\n1:cpu,cpuacct:/b\n9:name=systemd:/c", f"{V1}\n{V1_MEMORY}", {})
    assert found(tmp_path) == ["v1 /sys/fs/cgroup/cpu,cpuacct/b", "v1 /sys/fs/cgroup/cpu,cpuacct"]
    assert found(tmp_path, "memory") == ["v1 /sys/fs/cgroup/memory/a", "v1 /sys/fs/cgroup/memory"]


def test_both_layouts_at_once(tmp_path: Path) -> None:
    unified = V2.replace("/sys/fs/cgroup ", "/sys/fs/cgroup/unified ")
    machine(tmp_path, "1:cpu,cpuacct:/\n0::/", f"{V1}\n{unified}", {})
    assert found(tmp_path) == ["v1 /sys/fs/cgroup/cpu,cpuacct", "v2 /sys/fs/cgroup/unified"]


@pytest.mark.parametrize(
    ("own", "mounted", "below"),
    [
        ("/docker/abc", "/docker/abc", ""),  # the host's path, and only that group is mounted
        ("/docker/abc/inner", "/docker/abc", "/inner"),
        ("/docker/abc", "/docker/other", ""),  # moved after it was mounted
        ("/../../outside", "/", ""),  # above what a namespace shows
        ("/docker/abcdef", "/docker/abc", ""),  # no group of it, although it begins alike
    ],
)
def test_a_container_that_sees_only_its_own_group(tmp_path: Path, own: str, mounted: str, below: str) -> None:
    machine(tmp_path, f"0::{own}", V2.replace(" / ", f" {mounted} ", 1), {})
    assert found(tmp_path)[0] == f"v2 /sys/fs/cgroup{below}"


def test_a_mount_with_a_blank_in_its_path(tmp_path: Path) -> None:
    machine(tmp_path, "0::/", V2.replace("/sys/fs/cgroup", r"/sys/fs/my\040groups"), {})
    assert found(tmp_path) == ["v2 /sys/fs/my groups"]


@pytest.mark.parametrize("mounts", ["", "nonsense", "1 2 3 - cgroup2", "41 31 0:38 / /sys rw - tmpfs tmpfs rw,cpu"])
def test_a_machine_without_groups_has_none(tmp_path: Path, mounts: str) -> None:
    assert groups("cpu", tmp_path) == []
    assert groups("cpu", machine(tmp_path, "0::/a", mounts, {})) == []


def test_what_a_group_says(tmp_path: Path) -> None:
    group = Group(2, tmp_path)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("1048576\n")
    (tmp_path / "odd").write_text("12x\n")
    (tmp_path / "memory.stat").write_text("anon 5\nfile 7\nbroken\nnan x\n")
    assert group.words("cpu.max") == ["max", "100000"]
    assert [group.number(name) for name in ("memory.max", "cpu.max", "odd", "absent")] == [1048576, None, None, None]
    assert group.table("memory.stat") == {"anon": 5, "file": 7}


def test_this_machines_own_groups_can_be_read() -> None:
    assert all(group.folder.is_absolute() for group in groups("cpu"))
