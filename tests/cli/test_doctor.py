"""`firstline doctor`: what is said of parts that are well, ill or broken."""

import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from chatapp.checks import broken, machine
from chatapp.checks.check import Check, Patient
from chatapp.checks.connection import pages, sessions
from chatapp.commands import doctor as module
from chatapp.commands.doctor import doctor, examine
from chatapp.errors import PortError, SettingError
from chatapp.fences.report import FenceReport, KernelFence
from chatapp.settings import Settings
from chatapp.store.server_lock import hold
from chatapp.web.access.refusals import Refusal, Refusals
from localmodel.processors import Processors
from router.errors import PackError
from router.types import Mode
from tests.router.conftest import SMALL

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
        f"      A library failed in a way that is not known. Try the versions that were tested: {broken._tested()}",
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
    monkeypatch.setattr(machine, "MIN_PYTHON", (99, 0))
    assert module.python().status == "fail"


def test_the_data_folder(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert module.data_folder(Patient(settings, None)).status == "ok"
    monkeypatch.setattr(machine, "MIN_FREE_BYTES", 1 << 80)
    full = module.data_folder(Patient(settings, None))
    assert (full.status, bool(full.remedy)) == ("fail", True)
    (tmp_path / "file").touch()
    blocked = settings.model_copy(update={"data_dir": tmp_path / "file"})
    assert "cannot be written" in module.data_folder(Patient(blocked, None)).detail


def usable(monkeypatch: pytest.MonkeyPatch, affinity: int, quota: float | None, threads: int) -> None:
    found = Processors(affinity, quota, threads, "8 processors, and a CPU quota of 1.5, which is less")
    monkeypatch.setattr(machine, "usable_processors", lambda: found)
    monkeypatch.setattr(machine, "spins_long", lambda: False)


def test_the_threads(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usable(monkeypatch, 8, 1.5, 2)
    check = module.threads(Patient(settings, None))
    assert check.status == "ok"
    assert check.detail == "2 for the local model: 8 processors, and a CPU quota of 1.5, which is less"
    fewer = module.threads(Patient(settings.model_copy(update={"local_threads": 1}), None))
    assert (fewer.status, "1 for the local model by FIRSTLINE_LOCAL_THREADS" in fewer.detail) == ("ok", True)


def test_threads_that_do_not_fit_or_never_yield_are_noted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usable(monkeypatch, 8, 1.5, 2)
    many = module.threads(Patient(settings.model_copy(update={"local_threads": 3}), None))
    assert (many.status, "CPU quota of 1.5" in many.detail) == ("note", True)
    assert "FIRSTLINE_LOCAL_THREADS" in many.remedy
    monkeypatch.setattr(machine, "spins_long", lambda: True)
    check = module.threads(Patient(settings, None))
    assert (check.status, "OMP_WAIT_POLICY" in check.remedy) == ("note", True)


def test_the_database(settings: Settings) -> None:
    check = module.database(Patient(settings, None))
    assert check.status == "ok"
    assert "migrations current" in check.detail


def test_the_shipped_pack(settings: Settings) -> None:
    check = module.pack(Patient(settings, None))
    assert (check.status, "7 categories" in check.detail) == ("ok", True)


def test_a_pack_in_a_language_without_rules(settings: Settings, tmp_path: Path) -> None:
    for name, text in SMALL.items():
        path = tmp_path / "klein" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace('title = "Small"', 'title = "Klein"\nlanguage = "de"'))
    check = module.pack(Patient(settings.model_copy(update={"pack": str(tmp_path / "klein")}), None))
    assert (check.status, "no rules for its language 'de'" in check.detail) == ("note", True)


def test_the_router_decides(settings: Settings, router: Any) -> None:
    assert module.router(Patient(settings, None)).detail == "policy p1, 1.2 ms a decision"


def test_the_cloud_is_not_tried_where_it_must_not_be(settings: Settings) -> None:
    assert "not connected" in module.cloud(Patient(settings, None)).detail
    local = settings.model_copy(update={"mode": Mode.LOCAL_ONLY})
    assert "not tried" in module.cloud(Patient(local, None)).detail


SAID = {
    ModuleNotFoundError("No module named 'llama_cpp'", name="llama_cpp"): (
        "The package 'llama-cpp-python' is not installed.",
        "pip install llama-cpp-python",
    ),
    ModuleNotFoundError("No module named 'sklearn.base'", name="sklearn.base"): (
        "The package 'scikit-learn' is not installed.",
        "pip install scikit-learn",
    ),
    ModuleNotFoundError("No module named 'chatapp.turn.message'", name="chatapp.turn.message"): (
        "'chatapp.turn.message'",
        "files back",
    ),
    ImportError("cannot import name 'x' from 'transformers'", name="transformers"): ("does not fit", "constraints.txt"),
    RuntimeError("Failed to load shared library '/x/libllama.so': invalid ELF header"): (
        "compiled library",
        "--force-reinstall --no-cache-dir --no-deps llama-cpp-python",
    ),
    ImportError("libgomp.so.1: cannot open shared object file", name="onnxruntime"): ("compiled", "onnxruntime"),
    PermissionError(13, "Permission denied", "/x/model.gguf"): ("'/x/model.gguf' cannot be read", "right to read"),
    MemoryError(): ("not enough memory", "smaller"),
}


@pytest.mark.parametrize("error", SAID, ids=lambda error: type(error).__name__)
def test_a_broken_environment_is_told_as_it_is(settings: Settings, error: Exception) -> None:
    what, remedy = SAID[error]
    check = module._tried("router", raising(error), Patient(settings, None))
    assert (check.status, what in check.detail, remedy in check.remedy) == ("fail", True, True)
    assert "Reinstall Firstline" not in check.remedy


def test_packages_that_are_missing_or_of_another_version(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.packages(Patient(settings, None)).status == "ok"
    needed = ["pytest>=999", "no-such-package", "absent; extra == 'dev'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: needed)
    check = machine.packages(Patient(settings, None))
    assert check.status == "fail"
    assert "needed >=999; no-such-package is missing" in check.detail
    assert "absent" not in check.detail


def test_what_kubernetes_adds_is_told(settings: Settings, parts: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_SERVICE_HOST", "10.0.0.1")
    first = next(examine(lambda: (settings, None)))
    assert "FIRSTLINE_SERVICE_HOST" in first.detail


def test_the_pages(settings: Settings) -> None:
    given = {"root_path": "/chat", "allowed_origins": "https://shop.example"}
    check = pages(Patient(settings.model_copy(update=given), None))
    assert (check.status, "/chat" in check.detail, "https://shop.example" in check.detail) == ("ok", True, True)
    Refusals(settings.data_dir).tell(Refusal("A page was refused.", "Set FIRSTLINE_ALLOWED_ORIGINS=https://a.example."))
    check = pages(Patient(settings, None))
    assert (check.status, check.remedy) == ("note", "Set FIRSTLINE_ALLOWED_ORIGINS=https://a.example.")


def test_the_sessions(settings: Settings) -> None:
    check = sessions(Patient(settings, None))
    assert check.status == "ok"
    assert "new operator token" in check.detail
    (settings.data_dir / "session.key").chmod(0o644)
    check = sessions(Patient(settings, None))
    assert (check.status, "chmod 600" in check.remedy) == ("fail", True)
    secret = settings.model_copy(update={"session_secret": SecretStr("s" * 32), "operator_token": SecretStr("t" * 16)})
    assert "token set" in sessions(Patient(secret, None)).detail


def test_the_fences(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.fences(Patient(settings, None)).status == "note"
    assert module.fences(Patient(settings, FenceReport(UP, UP))).status == "fail"
    monkeypatch.setattr("chatapp.fences.report.holds", lambda: True)
    assert module.fences(Patient(settings, FenceReport(UP, UP))).status == "ok"
    down = KernelFence("seccomp", False, "no")
    assert module.fences(Patient(settings, FenceReport(UP, down))).status == "note"


def test_the_port(settings: Settings) -> None:
    assert module.port(Patient(settings, None)).detail.endswith("is free")


class Health(BaseHTTPRequestHandler):
    """Answers as our own server does, or as somebody else's."""

    body: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(self.body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_port_that_is_taken(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        taken = Patient(settings.model_copy(update={"port": server.server_port}), None)
        with pytest.raises(PortError):
            module.port(taken)
        monkeypatch.setattr(Health, "body", {"status": "ok", "mode": "hybrid", "version": "1.2"})
        assert module.port(taken).detail.endswith("Firstline 1.2 serves there now")
        server.shutdown()
        thread.join()


def test_a_port_that_our_own_server_has_and_the_fences_let_nobody_ask(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_running", lambda *_: "")
    fenced = FenceReport(UP, UP, ())
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        taken = Patient(settings.model_copy(update={"port": server.server_port}), fenced)
        with pytest.raises(PortError):
            module.port(taken)
        lock = hold(settings.resolved_database_url)
        assert lock
        check = module.port(taken)
        lock.release()
    assert check.status == "note"
    assert "most likely by the Firstline that serves this database now" in check.detail


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
    local = module.local_model(patient)
    assert (local.status, "with release 'pack-" in local.detail) == ("ok", True)


def test_a_pack_that_tells_no_danger_is_noted_with_what_to_do(settings: Settings, tmp_path: Path) -> None:
    for name, text in SMALL.items():
        path = tmp_path / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    check = module.safety(Patient(settings.model_copy(update={"pack": str(tmp_path / "small")}), None))
    assert (check.status, check.name) == ("note", "safety")
    assert "messages of danger are answered like any other" in check.detail
    assert "Copy safety.toml and the folder safety/" in check.remedy
