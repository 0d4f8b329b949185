"""Would a test notice? Small changes to the code of four rooms, one at a time, each judged by its room's quick tests.

    python -m bench.mutation --mutmut /tmp/mutation/bin/mutmut --sample 220 --seed 13

mutmut (https://mutmut.readthedocs.io, 3.8) makes the changes and runs the tests. It is no dependency of the product:
it lives in an environment of its own that sees the product's packages; `docs/testing.md` says how to make it. The
sample is drawn by the seed from all mutants, from each room in proportion to its lines. Tests that need a real model
are left out. A survivor is printed with its change: read it, then sharpen a test, or say why nothing changed.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("chatapp", "router", "language", "localmodel", "finetune")
BESIDE = ("tests", "packs", "templates", "static", "bench", "docs", "README.md", "CHANGELOG.md", "pyproject.toml")
CONFTEST = "quick_only.py"
QUICK_ONLY = '''"""Leaves out tests that need a first start, and with it a real encoder."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if "data_dir" not in getattr(item, "fixturenames", ())]
'''
VERDICTS = {0: "survived", 1: "killed", 3: "killed", 5: "untested", 33: "untested"} | dict.fromkeys(
    (24, -24, 36, 152, 255), "timed out"
)
"""By mutmut's exit code of a mutant's tests; any other is a crash, which a test run shows too."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is changed, as glob patterns, and the tests that judge it."""

    name: str
    changed: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def lines(self) -> int:
        """Lines of code that may be changed."""
        return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in self.files)

    @property
    def files(self) -> list[Path]:
        """The files that may be changed."""
        return sorted({path for pattern in self.changed for path in Path().glob(pattern)} - set(self.left_out))

    @property
    def left_out(self) -> list[Path]:
        """The ledger is a room of its own within the turn's."""
        return [] if self.name == "ledger" else [Path("chatapp/turn/ledger.py")]


ROOMS = (
    Room("policy", ("router/policy/*.py",), ("tests/router/policy",)),
    Room("turn", ("chatapp/turn/*.py",), ("tests/turn",)),
    Room("context", ("chatapp/context/*.py",), ("tests/context",)),
    Room(
        "ledger",
        ("chatapp/turn/ledger.py", "chatapp/store/ledger.py"),
        ("tests/turn/test_ledger.py", "tests/store/test_ledger.py"),
    ),
)


def main() -> int:
    """Print the verdicts by room, and each survivor with its change."""
    options = _options()
    rooms = [room for room in ROOMS if room.name in options.rooms]
    total = sum(room.lines for room in rooms)
    verdicts: dict[str, dict[str, str]] = {}
    for room in rooms:
        folder = options.folder / room.name
        share = options.sample * room.lines / total
        verdicts[room.name] = _judged(room, folder, options, options.only or round(share))
        print(f"{room.name:8s} {dict(Counter(verdicts[room.name].values()))}")
    for room in rooms:
        for mutant, verdict in sorted(verdicts[room.name].items()):
            if verdict != "killed":
                print(f"\n{verdict}: {mutant}\n{_change(options.mutmut, options.folder / room.name, mutant)}")
    every = Counter(verdict for room in verdicts.values() for verdict in room.values())
    print(f"\n{every['killed'] + every['timed out']} of {every.total()} were noticed: {dict(every)}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("--mutmut", required=True, help="the program, in an environment of its own")
    parser.add_argument("--sample", type=int, default=220, help="mutants, over all rooms (default: 220)")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--rooms", nargs="+", default=[room.name for room in ROOMS])
    parser.add_argument("--only", nargs="+", help="these mutants, instead of a sample")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "firstline-mutation")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    return parser.parse_args()


def _judged(room: Room, folder: Path, options: argparse.Namespace, wanted: int | list[str]) -> dict[str, str]:
    """By mutant, what its tests said of it."""
    _copy(room, folder)
    # Nothing matches: mutmut makes all mutants, notes which test runs which function, and stops.
    _mutmut(options, folder, ["none"])
    every = sorted(_exit_codes(folder))
    chosen = (
        sorted(set(wanted) & set(every))
        if isinstance(wanted, list)
        else random.Random(options.seed).sample(every, min(wanted, len(every)))  # noqa: S311 - a sample, no secret
    )
    if not chosen:
        return {}
    said = _mutmut(options, folder, chosen)
    codes = _exit_codes(folder)
    if all(codes[mutant] is None for mutant in chosen):
        sys.exit(f"mutmut judged nothing in {folder}:\n{said[-3000:]}")
    return {mutant: VERDICTS.get(codes[mutant] or 0, "crashed") for mutant in chosen}


def _copy(room: Room, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in (*PACKAGES, *BESIDE):
        source = Path(name)
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder / name)
    (folder / CONFTEST).write_text(QUICK_ONLY, encoding="utf-8")
    (folder / "setup.cfg").write_text(_settings(room), encoding="utf-8")


def _settings(room: Room) -> str:
    arguments = ("-m", "not real", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", CONFTEST.removesuffix(".py"))
    lists = {
        "source_paths": PACKAGES,
        "only_mutate": tuple(str(path) for path in room.files),
        "also_copy": (*BESIDE, CONFTEST),
        "pytest_add_cli_args": arguments,
        "pytest_add_cli_args_test_selection": room.tests,
    }
    plain = {
        "process_isolation": "forkserver",  # each run of the tests in a process that has run none
        "use_git_change_detection": "false",
        "timeout_constant": "5",
        "timeout_multiplier": "10",
    }
    lines = [f"{name}={_indented(values)}" for name, values in lists.items()]
    return "\n".join(["[mutmut]", *lines, *(f"{name}={value}" for name, value in plain.items()), ""])


def _indented(values: Iterable[str]) -> str:
    return "".join(f"\n    {value}" for value in values)


def _mutmut(options: argparse.Namespace, folder: Path, mutants: Sequence[str]) -> str:
    command = [options.mutmut, "run", "--max-children", str(options.workers), *mutants]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.stdout


def _exit_codes(folder: Path) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for path in (folder / "mutants").rglob("*.meta"):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def _change(mutmut: str, folder: Path, mutant: str) -> str:
    done = subprocess.run([mutmut, "show", mutant], cwd=folder, check=False, capture_output=True, text=True)
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith(("+", "-", "@@")))


if __name__ == "__main__":
    sys.exit(main())
