"""The control groups of this process: where Linux keeps what a container may use, in the old layout (v1) and the new.

Limits hold downwards: whatever a process may use is bounded by its own group and by every group above it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

UNIFIED = ""
"""The name that /proc/self/cgroup gives the hierarchy of version 2, which has all controllers."""


@dataclass(frozen=True, slots=True)
class Group:
    """One folder of a hierarchy of this `version`, 1 or 2."""

    version: int
    folder: Path

    def words(self, name: str) -> list[str]:
        """What the file `name` says; [] where there is none, as in the topmost group, or it may not be read."""
        return _text(self.folder / name).split()

    def number(self, name: str) -> int | None:
        """The one number in the file `name`; None where there is none, or the word `max`."""
        said = self.words(name)
        return _whole(said[0]) if len(said) == 1 else None

    def table(self, name: str) -> dict[str, int]:
        """The lines `key number` of the file `name`, as memory.stat has them."""
        pairs = (line.split() for line in _text(self.folder / name).splitlines())
        found = {pair[0]: _whole(pair[1]) for pair in pairs if len(pair) == 2}
        return {key: value for key, value in found.items() if value is not None}


def groups(controller: str, root: Path = Path("/")) -> list[Group]:
    """The groups that bound this process in `controller` ("cpu", "memory"), its own first, then those above it.

    `root` is where /proc and /sys are looked for. A machine may have both versions mounted; [] on one without any.
    """
    own = dict(_memberships(root))
    return [
        Group(1 if name else 2, folder)
        for name, mounted, at in _mounts(controller, root)
        if name in own
        for folder in _upwards(root / at.lstrip("/"), _inside(own[name], mounted))
    ]


def _memberships(root: Path) -> Iterator[tuple[str, str]]:
    """Controller, or UNIFIED, and the path of this process's group in that hierarchy."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        yield from ((name, path) for name in controllers.split(","))


def _mounts(controller: str, root: Path) -> Iterator[tuple[str, str, str]]:
    """Name in /proc/self/cgroup, path in the hierarchy, and place in the file system of each mount that counts."""
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, told = before.split(), after.split()
        if len(fields) < 5 or len(told) < 3:
            continue
        if told[0] == "cgroup2":
            yield UNIFIED, _plain(fields[3]), _plain(fields[4])
        elif told[0] == "cgroup" and controller in told[2].split(","):
            yield controller, _plain(fields[3]), _plain(fields[4])


def _inside(path: str, mounted: str) -> PurePosixPath:
    """The group's path below the mount; the mount itself where the group is not to be seen in it.

    A container often sees its own group as the top of the mount, but is told the host's path of it, or one with `..`.
    """
    own = PurePosixPath(path)
    below = own.relative_to(mounted) if own.is_relative_to(mounted) else PurePosixPath()
    return PurePosixPath() if ".." in below.parts else below


def _upwards(top: Path, below: PurePosixPath) -> list[Path]:
    return [top / part for part in (below, *below.parents)]


def _plain(field: str) -> str:
    r"""Without the escapes of mountinfo, such as \040 for a blank."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def _whole(word: str) -> int | None:
    return int(word) if re.fullmatch(r"-?\d+", word, re.ASCII) else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
