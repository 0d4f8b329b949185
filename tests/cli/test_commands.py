"""How the commands are called, and what each hands on."""

import sys
import types
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from chatapp import cli, fences
from chatapp.errors import SettingError
from router.types import Mode


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the commands' functions were called with; each gives 7 as its exit code."""
    made: list[tuple[Any, ...]] = []

    def stand_in(name: str) -> Callable[..., int]:
        def run(*args: Any, **options: Any) -> int:
            made.append((name, *args, options))
            return 7

        return run

    for module, names in {
        "chatapp.commands.serve": ("serve",),
        "chatapp.commands.ask": ("ask",),
        "chatapp.commands.router.route": ("route_text", "route_lines"),
        "chatapp.commands.doctor": ("doctor",),
    }.items():
        fake = types.ModuleType(module)
        fake.__dict__.update({name: stand_in(name) for name in names})
        monkeypatch.setitem(sys.modules, module, fake)
    monkeypatch.setattr(fences, "raise_fences", lambda allowed: ("raised", allowed))
    return made


def invoke(*arguments: str) -> int:
    result = CliRunner().invoke(cli.app, list(arguments), env={"HOME": "/nonexistent"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code


def test_serve_takes_its_options_over_the_settings(calls: list[tuple[Any, ...]]) -> None:
    assert invoke("serve", "--host", "::1", "--port", "0", "--open") == 0
    ((name, settings, raised, options),) = calls
    assert (name, settings.host, settings.port, raised) == ("serve", "::1", 0, None)
    assert options == {"open_browser": True}


def test_ask(calls: list[tuple[Any, ...]]) -> None:
    assert invoke("ask", "hi", "--json", "--cloud") == 7
    ((name, _, _, text, options),) = calls
    assert (name, text, options) == ("ask", "hi", {"as_json": True, "cloud": True})


def test_route(calls: list[tuple[Any, ...]]) -> None:
    assert invoke("route", "hi", "--mode", "local-only") == 0
    ((name, settings, text, options),) = calls
    assert (name, settings.mode, text, options) == ("route_text", Mode.LOCAL_ONLY, "hi", {"as_json": False})


def test_route_reads_stdin(calls: list[tuple[Any, ...]]) -> None:
    assert invoke("route", "-") == 7
    assert calls[0][0] == "route_lines"


def test_doctor_starts_by_itself_so_that_a_wrong_setting_is_a_finding(calls: list[tuple[Any, ...]]) -> None:
    assert invoke("doctor", "--json") == 7
    assert calls == [("doctor", cli.start, {"as_json": True})]


def test_version(calls: list[tuple[Any, ...]]) -> None:
    assert invoke("version") == 0


def test_the_fences_rise_in_local_only_mode_around_the_database_alone(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_DATABASE_URL", "postgresql+psycopg://u:p@203.0.113.7:6000/f")
    assert cli.start(mode=Mode.HYBRID)[1] is None
    settings, raised = cli.start(mode=Mode.LOCAL_ONLY, host=None)
    assert settings.mode is Mode.LOCAL_ONLY
    assert raised == ("raised", (("203.0.113.7", 6000),))


def test_the_fences_rise_around_the_servers_that_may_be_named_and_no_other(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_LOCAL_BASE_URL", "http://127.0.0.1:8080/v1,http://203.0.113.7:8000/v1")
    monkeypatch.setenv("FIRSTLINE_LOCAL_SERVER_MODEL", "small")
    with pytest.raises(SettingError, match=r"names '203\.0\.113\.7'; in local-only mode"):
        cli.start(mode=Mode.LOCAL_ONLY)
    assert cli.start(mode=Mode.HYBRID)[1] is None
    monkeypatch.setenv("FIRSTLINE_LOCAL_ALLOWED_HOSTS", "203.0.113.7")
    _, raised = cli.start(mode=Mode.LOCAL_ONLY)
    assert raised == ("raised", (("127.0.0.1", 8080), ("203.0.113.7", 8000)))
