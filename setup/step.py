"""One step of the set-up: runs a command of minutes, says now and then what it is at, and at its end how long it took.

    python setup/step.py LOG "Compiling llama.cpp" COMMAND [ARGUMENT ...]

Whole lines and few of them, because two steps run side by side, and because the log of a build machine keeps them all.
What the command printed goes to the file LOG; if it fails, the end of that is shown.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

LAST_LINES = 40
LARGE_MB = 20
"""A download of less is not worth a line."""
ON_TERMINAL, IN_LOGS = 10, 4
"""Into how many parts a compilation is told."""

_UNIT = re.compile(r"^\s*\[(\d+)/(\d+)\] ")
_DOWNLOAD = re.compile(r"^\s*Downloading \S*?([^/\s]+)\.(?:whl|tar\.gz)\S* \((\d+)(?:\.\d+)? MB\)")
_UNPACKING = re.compile(r"^\s*Installing collected packages: (.+)")


def said(lines: Iterable[str], parts: int) -> Iterator[str]:
    """What is worth saying of the lines that pip and a compiler print: at most `parts` lines of a compilation."""
    told = 0
    for line in lines:
        if unit := _UNIT.match(line):
            done, units = int(unit[1]), int(unit[2])
            if done * parts // units > told:
                told = done * parts // units
                yield f"{done} of {units} files compiled"
        elif (download := _DOWNLOAD.match(line)) and int(download[2]) >= LARGE_MB:
            yield f"downloading {download[1]} ({download[2]} MB)"
        elif unpacking := _UNPACKING.match(line):
            yield f"unpacking {unpacking[1].count(',') + 1} packages"


def logged(lines: Iterable[str], log: Path) -> Iterator[str]:
    """The same lines, once they are in the file."""
    with log.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(line)
            yield line


def lasted(seconds: float) -> str:
    """For people."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def run(log: Path, name: str, command: list[str]) -> int:
    """Run it; gives its exit code."""
    began, parts = time.monotonic(), ON_TERMINAL if sys.stdout.isatty() else IN_LOGS
    print(f"{name} …", flush=True)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout
        for words in said(logged(process.stdout, log), parts):
            print(f"  {name}: {words}", flush=True)
    if process.returncode:
        print(*log.read_text(encoding="utf-8").splitlines()[-LAST_LINES:], sep="\n", file=sys.stderr)
        print(f"{name} failed. All that was printed is in {log}.", file=sys.stderr)
    else:
        print(f"{name}: done in {lasted(time.monotonic() - began)}", flush=True)
    return process.returncode


if __name__ == "__main__":
    try:
        sys.exit(run(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
    except KeyboardInterrupt:
        sys.exit(f"{sys.argv[2]}: interrupted. The same command begins this step again.")
