"""The command line as a program, and stand-ins for the parts that are slow to load."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatapp.settings import Settings
from router.pack.load import load_pack
from router.types import Circumstances, Decision, Mode, Reason, ReasonCode, Route, ScoredFact

Program = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Hybrid, a data folder of its own, any free port."""
    return Settings(data_dir=tmp_path, port=0)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """For a process of the command line."""
    return {
        **os.environ,
        "FIRSTLINE_DATA_DIR": str(tmp_path),
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "200",
    }


@pytest.fixture
def program(environment: dict[str, str]) -> Program:
    """Runs `firstline` to its end."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "chatapp.cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env=environment | {f"FIRSTLINE_{name.upper()}": value for name, value in variables.items()},
        )

    return run


@pytest.fixture(scope="session")
def warm_folder(data_dir: Path) -> str:
    """The data folder of all real tests, as a variable of the environment."""
    return str(data_dir)


@pytest.fixture(scope="session")
def exported(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that holds the encoder's export and no router yet."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(data_dir / "router", folder / "router", ignore=shutil.ignore_patterns("router-*"))
    return folder


class ScriptedRouter:
    """Sends everything to the local route, and remembers what it was asked. Its pack ships no thresholds."""

    def __init__(self) -> None:
        self.pack = load_pack("packs/pip")
        self.danger = None
        self.asked: list[tuple[str, list[str], Circumstances]] = []

    def titles(self, _facts: Any) -> tuple[str, ...]:
        return ()

    def decide(self, text: str, turns: Any, circumstances: Circumstances, **_: Any) -> Decision:
        self.asked.append((text, list(turns), circumstances))
        return Decision(
            route=Route.LOCAL,
            mode=Mode.HYBRID,
            category="shipping",
            confidence=0.9,
            in_scope=0.8,
            threshold=0.5,
            fact_threshold=0.5,
            facts=(ScoredFact("shipping.cost", "Shipping is free.", 0.7),),
            neighbours=(),
            reasons=(Reason(ReasonCode.IN_SCOPE, "It reads like shipping."),),
            policy="p1",
            elapsed_ms=1.25,
        )


@pytest.fixture
def router(monkeypatch: pytest.MonkeyPatch) -> ScriptedRouter:
    """Stands in for the trained router, wherever it is opened."""
    from router.router import Router

    scripted = ScriptedRouter()
    monkeypatch.setattr(Router, "open", lambda *_, **__: scripted)
    return scripted
