"""What is said while the set-up works, and what it leaves when it fails."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from setup.step import lasted, run, said

COMPILATION = [f"  [{number}/74] /usr/bin/c++ -O3 -o x.o -c x.cpp\n" for number in range(1, 75)]


def test_a_compilation_is_told_in_so_many_parts() -> None:
    assert list(said(COMPILATION, 4)) == [f"{done} of 74 files compiled" for done in (19, 37, 56, 74)]
    assert len(list(said(COMPILATION, 10))) == 10


def test_two_compilations_of_one_step_do_not_repeat_themselves() -> None:
    assert len(list(said(COMPILATION + COMPILATION, 4))) == 4


def test_of_downloads_the_large_ones_are_told() -> None:
    lines = [
        "Collecting torch==2.13.0\n",
        "  Downloading torch-2.13.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl (184.1 MB)\n",
        "  Downloading https://index.example/packages/ab/cd/scipy-1.17.0-cp311-cp311-linux_x86_64.whl (35 MB)\n",
        "  Downloading small-1.0-py3-none-any.whl (1.2 MB)\n",
        "  Downloading typer-0.20.0-py3-none-any.whl.metadata (16 kB)\n",
        "Installing collected packages: mpmath, sympy, torch\n",
    ]
    assert list(said(lines, 4)) == [
        "downloading torch-2.13.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64 (184 MB)",
        "downloading scipy-1.17.0-cp311-cp311-linux_x86_64 (35 MB)",
        "unpacking 3 packages",
    ]


def test_how_long_it_took() -> None:
    assert [lasted(seconds) for seconds in (0.4, 59.4, 61, 600)] == ["0 s", "59 s", "1 min 1 s", "10 min 0 s"]


def test_what_was_printed_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "step.log"
    assert run(log, "Works", [sys.executable, "-c", "print('[74/74] c++')"]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert (first, second) == ("Works …", "  Works: 74 of 74 files compiled")
    assert last.startswith("Works: done in ")
    assert log.read_text() == "[74/74] c++\n"


def test_a_step_that_fails_shows_its_end_and_fails(tmp_path: Path) -> None:
    fails = "print(*range(99), sep='\\n'); raise SystemExit(7)"
    command = [sys.executable, "setup/step.py", str(tmp_path / "log"), "Breaks", sys.executable, "-c", fails]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 7
    shown = done.stderr.splitlines()
    assert (shown[0], shown[-2]) == ("59", "98")
    assert shown[-1] == f"Breaks failed. All that was printed is in {tmp_path / 'log'}."
    assert "done" not in done.stdout


def test_a_step_that_is_interrupted_says_how_to_go_on(tmp_path: Path) -> None:
    waits = "print('[1/1] c++', flush=True); import time; time.sleep(60)"
    command = [sys.executable, "setup/step.py", str(tmp_path / "log"), "Waits", sys.executable, "-c", waits]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - `&` of a shell ignores it
    ) as step:
        assert step.stdout
        assert [step.stdout.readline() for _ in range(2)][1] == "  Waits: 1 of 1 files compiled\n"
        os.killpg(step.pid, signal.SIGINT)  # as Ctrl-C does: the step and what it runs
        _, said = step.communicate(timeout=30)
    assert step.returncode == 1
    assert said == "Waits: interrupted. The same command begins this step again.\n"
