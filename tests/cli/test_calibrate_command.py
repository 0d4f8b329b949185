"""`firstline router calibrate`, and the setting that puts its file in force."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from chatapp.assembly.open_router import open_router
from chatapp.commands.router.calibrate import calibrate
from chatapp.settings import Settings
from router.errors import PolicyError
from router.policy.file import read_policy
from tests.router.conftest import SMALL

Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def pack(tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(exported))
    for name, text in SMALL.items():
        path = tmp_path / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "small"


def test_a_file_is_written_and_put_in_force(
    pack: Path, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "policy.toml"
    calibrate(pack, risk=None, local=0.9, confidence=0.9, traffic=None, out=out, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    file = read_policy(out)
    assert shown["version"] == file.version
    assert shown["thresholds"] == file.policy.thresholds
    assert (shown["local"], shown["risk"], shown["confidence"], shown["out"]) == (0.9, None, None, str(out))
    assert tuple(shown["statements"]) == file.stated.statements
    settings = Settings(pack=str(pack), data_dir=exported, policy=str(out))
    assert open_router(settings).decide("when do you open").policy == file.version


def test_a_risk_that_cannot_be_promised_is_said_so(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calibrate(pack, risk=0.02, local=None, confidence=0.9, traffic=None, out=None, as_json=False)
    shown = capsys.readouterr().out
    assert "cannot be promised" in shown
    assert "Nothing passes" in shown
    assert "1.0000" in shown


def test_the_default(pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "policy.toml"
    calibrate(pack, risk=None, local=None, confidence=0.9, traffic=None, out=out, as_json=False)
    assert f"FIRSTLINE_POLICY={out}" in capsys.readouterr().out
    plain = open_router(Settings(pack=str(pack)))
    assert read_policy(out).policy.version == plain.policy.version


def test_traffic_that_is_not_like_the_calibration_is_warned_of(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bread = [f"is the {kind} bread fresh on day {day}" for kind in ("rye", "white", "spelt") for day in range(40)]
    rows = [{"text": text, "category": "bread", "facts": ["bread.baked"]} for text in bread]
    (pack / "calibration.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    traffic = tmp_path / "traffic.txt"
    for said, warned in (
        (bread[::2], False),
        ([f"my invoice number {n} was paid twice, please refund me" for n in range(80)], True),
    ):
        traffic.write_text("\n".join(said), encoding="utf-8")
        calibrate(pack, risk=None, local=None, confidence=0.9, traffic=traffic, out=None, as_json=True)
        warning = json.loads(capsys.readouterr().out)["warning"]
        assert bool(warning) is warned
        assert not warned or "my invoice number" in warning


def test_a_wrong_question_is_refused_before_the_training(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PolicyError):
        calibrate(pack, risk=0.05, local=0.8, confidence=0.9, traffic=None, out=None, as_json=False)
    assert capsys.readouterr() == ("", "")


def test_a_file_that_is_not_there_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    missing = settings.model_copy(update={"policy": str(tmp_path / "none.toml")})
    with pytest.raises(PolicyError, match=r"none\.toml"):
        open_router(missing)


def test_a_file_for_another_pack_is_two_lines(program: Program, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('version = "x"\n')
    done = program("route", "hello", policy=str(tmp_path / "policy.toml"))
    assert done.returncode == 2
    first, second = done.stderr.splitlines()
    assert first == f"firstline: {tmp_path / 'policy.toml'}:1: 'fact_threshold' is missing."
    assert second == "Write a number from 0 to 1."
