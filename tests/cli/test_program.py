"""The command line as a process: exit codes, and what stands on which stream."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chatapp import cli
from chatapp.errors import FenceError, LocalModelError, SettingError
from router.errors import PackError

Program = Callable[..., subprocess.CompletedProcess[str]]


def test_help_names_every_command_and_loads_no_library(program: Program) -> None:
    done = program("--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("serve", "ask", "route", "doctor", "version"))
    heavy = "import sys, chatapp.cli; print([m for m in ('fastapi', 'numpy', 'pydantic') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_version(program: Program) -> None:
    assert program("version").stdout == "firstline 0.1.0\n"


@pytest.mark.parametrize("command", [["serve"], ["route", "x"], ["ask", "x"]])
def test_a_wrong_setting_is_two_lines_and_exit_code_2(program: Program, command: list[str]) -> None:
    done = program(*command, prt="1")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "firstline: There is no setting 'FIRSTLINE_PRT'.\nDid you mean FIRSTLINE_PORT? Unset it, or correct its name.\n"
    )


def test_a_wrong_option_is_explained(program: Program) -> None:
    done = program("route", "x", "--mode", "cloud-only")
    assert done.returncode == 2
    assert "local-only" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_option_out_of_range_is_a_setting_error(program: Program) -> None:
    done = program("serve", "--port", "70000")
    assert done.returncode == 2
    assert done.stderr.startswith("firstline: FIRSTLINE_PORT cannot be used")


def test_a_port_in_use_is_said_before_anything_is_loaded(program: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        done = program("serve", "--port", str(number), pack="/no/such/pack")
    assert done.returncode == 2
    assert done.stderr.startswith(f"firstline: Cannot listen on '127.0.0.1' port {number}: Address already in use.")
    assert "--port 0 takes a free one" in done.stderr


def test_a_pack_that_is_none_is_an_error_of_the_operator(program: Program) -> None:
    done = program("route", "x", pack="/no/such/pack")
    assert done.returncode == 2
    assert "/no/such/pack" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingError("It is wrong.", "Put it right."), 2),
        (PackError("It is wrong.", "Put it right."), 2),
        (FenceError("It is wrong.", "Put it right."), 2),
        (LocalModelError("It is wrong.", "Put it right."), 3),
    ],
)
def test_errors_and_their_exit_codes(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "program", lambda: fail)
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == code
    assert capsys.readouterr().err == "firstline: It is wrong.\nPut it right.\n"


def test_an_error_without_a_hint_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise SettingError("It is wrong.")

    monkeypatch.setattr(cli, "program", lambda: fail)
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().err == "firstline: It is wrong.\n"


def test_a_file_that_cannot_be_written_is_two_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(cli, "program", lambda: lambda: (tmp_path / "absent" / "report.html").write_text("x"))
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"firstline: {tmp_path}/absent/report.html cannot be written or read (No such file or directory)."
    assert second.startswith("Make room")


def test_a_fault_of_another_kind_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(cli, "program", lambda: fail)
    with pytest.raises(ConnectionResetError):
        cli.main()


def test_an_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "program", lambda: interrupted)
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 130
    assert capsys.readouterr() == ("", "")
