"""`firstline router explain`."""

import json
from pathlib import Path
from typing import Any

import pytest

from chatapp.assembly import open_router as routing
from chatapp.commands.router.explain import explain
from chatapp.commands.router.opened import chosen_settings
from chatapp.errors import MessageError
from chatapp.settings import Settings
from router.types import Circumstances, Mode


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch, router: Any) -> list[Settings]:
    """The scripted router for any settings, which are kept."""
    seen: list[Settings] = []

    def open_router(settings: Settings) -> Any:
        seen.append(settings)
        return router

    monkeypatch.setattr("chatapp.commands.router.opened.open_router", open_router)
    assert routing.open_router is not open_router
    return seen


def run(text: str, turns: tuple[str, ...] = (), as_json: bool = False) -> None:
    explain(text, pack=None, policy=None, turns=turns, as_json=as_json)


def test_for_people(router: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run(" what does shipping cost? ", ("hello", "I want a tent"))
    assert router.asked == [
        ("what does shipping cost?", ["hello", "I want a tent"], Circumstances(Mode.HYBRID, False)),
    ]
    assert capsys.readouterr().out.splitlines() == [
        "route     local",
        "because   It reads like shipping.",
        "category  shipping 0.90",
        "in scope  0.800, threshold 0.500, margin +0.300",
        "best fact 0.700, threshold 0.500, margin +0.200",
        "fact      0.70 shipping.cost: Shipping is free.",
        "otherwise With the in-scope threshold of shipping at 80.1 % or more it would not have been answered here "
        "(it is 50.0 %).",
        "otherwise With the fact threshold at 70.1 % or more it would not have been answered here (it is 50.0 %).",
        "otherwise Mode and cloud make no difference: it is answered here in any case.",
    ]


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    run("hi", as_json=True)
    data = json.loads(capsys.readouterr().out)
    assert data["route"] == "local"
    assert data["counterfactual"]["here"]
    assert data["counterfactual"]["margins"][0] == {
        "name": "in_scope",
        "value": 0.8,
        "threshold": 0.5,
        "flips_at": 0.801,
        "margin": 0.3,
    }


def test_an_empty_message() -> None:
    with pytest.raises(MessageError):
        run(" ")


def test_a_pack_named_leaves_out_the_policy_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_POLICY", "own.toml")
    assert chosen_settings(None, None).policy == "own.toml"
    assert chosen_settings(tmp_path, None).policy == ""
    assert chosen_settings(tmp_path, Path("p.toml")).policy == "p.toml"
    assert chosen_settings(Path("support"), None).pack == "support"
    assert chosen_settings(tmp_path, None).pack == str(tmp_path)
