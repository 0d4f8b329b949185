"""`firstline doctor`: what is said of parts that are well, ill or broken."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatapp import doctor as module
from chatapp.backends.cloud import CloudBackend
from chatapp.doctor import Check, Patient, doctor, examine
from chatapp.errors import ProviderUnreachableError, SettingError
from chatapp.fences.report import FenceReport, KernelFence
from chatapp.settings import Settings
from router.errors import PackError
from router.types import Mode

Run = Callable[..., Any]
UP = KernelFence("Landlock", True, "all of it", 7)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The parts to examine, for a test to fill."""
    chosen: dict[str, Any] = {}
    monkeypatch.setattr(module, "PARTS", chosen)
    return chosen


def raising(error: Exception) -> Callable[[Patient], Check]:
    def part(patient: Patient) -> Check:
        print("chatter of a library")  # noqa: T201
        raise error

    return part


def test_every_part_is_examined_whatever_the_one_before_said(
    settings: Settings, parts: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    parts["pack"] = raising(PackError("It has no pack.toml.", "Write one."))
    parts["router"] = raising(ZeroDivisionError("oh"))
    parts["port"] = lambda patient: Check("note", "port", "fine")
    assert doctor(lambda: (settings, None), as_json=False) == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[2:] == [
        "fail  pack          It has no pack.toml.",
        "      Write one.",
        "fail  router        ZeroDivisionError: oh",
        "      Reinstall Firstline: pip install -U firstline.",
        "note  port          fine",
    ]
    assert "chatter" in captured.err


def test_the_examination_for_programs(
    settings: Settings, parts: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    parts["port"] = lambda patient: Check("ok", "port", "free")
    assert doctor(lambda: (settings, None), as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert [check["name"] for check in report["checks"]] == ["settings", "python", "port"]


def test_settings_that_cannot_be_used_end_the_examination() -> None:
    def start() -> tuple[Settings, None]:
        raise SettingError("There is no setting 'X'.", "Unset it.")

    first, second = examine(start)
    assert (first.status, first.remedy) == ("fail", "Unset it.")
    assert second.name == "python"


def test_an_old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIN_PYTHON", (99, 0))
    assert module.python().status == "fail"


def test_the_data_folder(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert module.data_folder(Patient(settings, None)).status == "ok"
    monkeypatch.setattr(module, "MIN_FREE_BYTES", 1 << 80)
    full = module.data_folder(Patient(settings, None))
    assert (full.status, bool(full.remedy)) == ("fail", True)
    (tmp_path / "file").touch()
    blocked = settings.model_copy(update={"data_dir": tmp_path / "file"})
    assert "cannot be written" in module.data_folder(Patient(blocked, None)).detail


def test_the_database(settings: Settings) -> None:
    check = module.database(Patient(settings, None))
    assert check.status == "ok"
    assert "migrations current" in check.detail


def test_the_shipped_pack(settings: Settings) -> None:
    assert "7 categories" in module.pack(Patient(settings, None)).detail


def test_the_router_decides(settings: Settings, router: Any) -> None:
    assert module.router(Patient(settings, None)).detail == "policy p1, 1.2 ms a decision"


def test_the_cloud_is_not_tried_where_it_must_not_be(settings: Settings) -> None:
    assert "not connected" in module.cloud(Patient(settings, None)).detail
    local = settings.model_copy(update={"mode": Mode.LOCAL_ONLY})
    assert "not tried" in module.cloud(Patient(local, None)).detail


def test_a_cloud_that_is_connected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    connected = Settings(
        data_dir=tmp_path,
        cloud_api_key="key",
        cloud_base_url="http://127.0.0.1:9/v1",  # type: ignore[arg-type]
    )

    async def well(self: CloudBackend) -> None:
        return None

    async def ill(self: CloudBackend) -> None:
        raise ProviderUnreachableError("No connection.", "Check the address.")

    monkeypatch.setattr(CloudBackend, "check", well)
    assert module.cloud(Patient(connected, None)).detail == "http://127.0.0.1:9/v1 answers"
    monkeypatch.setattr(CloudBackend, "check", ill)
    check = module._tried("cloud", module.cloud, Patient(connected, None))
    assert (check.status, check.remedy) == ("fail", "Check the address.")


def test_the_fences(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.fences(Patient(settings, None)).status == "note"
    assert module.fences(Patient(settings, FenceReport(UP, UP))).status == "fail"
    monkeypatch.setattr("chatapp.fences.report.holds", lambda: True)
    assert module.fences(Patient(settings, FenceReport(UP, UP))).status == "ok"
    down = KernelFence("seccomp", False, "no")
    assert module.fences(Patient(settings, FenceReport(UP, down))).status == "note"


def test_the_port(settings: Settings) -> None:
    assert module.port(Patient(settings, None)).detail.endswith("is free")


@pytest.mark.real
def test_the_real_installation_in_local_only_mode(program: Run, warm_folder: str) -> None:
    done = program("doctor", "--json", mode="local-only", data_dir=warm_folder, port="0")
    report = json.loads(done.stdout)
    failed = [check for check in report["checks"] if check["status"] == "fail"]
    assert (done.returncode, failed) == (0, [])
    names = [check["name"] for check in report["checks"]]
    assert names == ["settings", "python", *module.PARTS]
    if sys.platform == "linux":
        assert "audit hook: up" in next(c["detail"] for c in report["checks"] if c["name"] == "fences")


@pytest.mark.real
def test_the_real_models(warm_folder: str) -> None:
    patient = Patient(Settings(data_dir=Path(warm_folder)), None)
    assert "dimensions" in module.encoder(patient).detail
    assert "first token in" in module.local_model(patient).detail
