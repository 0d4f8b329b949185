"""`firstline route`."""

import io
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from chatapp.commands.router.route import route_lines, route_text
from chatapp.errors import MessageError
from chatapp.settings import Settings
from router.types import Circumstances, Mode

Program = Callable[..., subprocess.CompletedProcess[str]]


def test_a_decision_for_people(settings: Settings, router: Any, capsys: pytest.CaptureFixture[str]) -> None:
    route_text(settings, "  what does shipping cost? ", as_json=False)
    assert router.asked == [("what does shipping cost?", [], Circumstances(Mode.HYBRID, False))]
    assert capsys.readouterr().out.splitlines() == [
        "route     local",
        "category  shipping 0.90",
        "in scope  0.80, threshold 0.50",
        "fact      shipping.cost 0.70: Shipping is free.",
        "because   It reads like shipping.",
        "policy    p1, hybrid, 1.2 ms",
    ]


def test_a_decision_for_programs(settings: Settings, router: Any, capsys: pytest.CaptureFixture[str]) -> None:
    route_text(settings, "hi", as_json=True)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["route"] == "local"


def test_an_empty_message(settings: Settings, router: Any) -> None:
    with pytest.raises(MessageError):
        route_text(settings, " ", as_json=False)


def test_circumstances_are_those_of_the_settings(settings: Settings, router: Any) -> None:
    connected = settings.model_copy(update={"mode": Mode.LOCAL_ONLY})
    route_text(connected, "hi", as_json=True)
    assert router.asked[0][2] == Circumstances(Mode.LOCAL_ONLY, False)


def test_lines_are_answered_one_by_one(settings: Settings, router: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lines = io.BytesIO(b'{"turns": ["one", "two", "three"]}\n\n{"text": "four"}\n')
    assert route_lines(settings, lines) == 0
    assert [(text, turns) for text, turns, _ in router.asked] == [("three", ["one", "two"]), ("four", [])]
    assert [json.loads(line)["category"] for line in capsys.readouterr().out.splitlines()] == ["shipping"] * 2


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"nope", "frame"),
        (b"[1]", "frame"),
        (b"7", "frame"),
        (b'{"turns": "abc"}', "frame"),
        (b'{"turns": []}', "message"),
        (b"{}", "message"),
        (b'{"text": 3}', "message"),
        (b'{"text": " "}', "message"),
        (b'{"turns": ["fine", 3]}', "message"),
        (b"\xff\xfe", "frame"),
        (b"[" * 100_000, "frame"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_the_next_is_answered(
    settings: Settings, router: Any, capsys: pytest.CaptureFixture[str], line: bytes, code: str
) -> None:
    assert route_lines(settings, io.BytesIO(b'{"text": "a"}\n' + line + b'\n{"text": "b"}\n')) == 1
    first, error, last = (json.loads(out) for out in capsys.readouterr().out.splitlines())
    assert first["route"] == last["route"] == "local"
    assert (error["error"]["code"], error["line"]) == (code, 2)
    assert error["error"]["hint"]


@pytest.mark.real
def test_the_real_router_over_stdin(program: Program, warm_folder: str) -> None:
    lines = '{"turns": ["do you ship to Canada", "and how long does it take?"]}\nnope\n'
    done = program("route", "-", "--json", "--mode", "local-only", stdin=lines, data_dir=warm_folder)
    assert done.returncode == 1, done.stderr
    decision, error = (json.loads(line) for line in done.stdout.splitlines())
    assert decision["mode"] == "local-only"
    assert decision["route"] in ("local", "abstain")
    assert error["line"] == 2
