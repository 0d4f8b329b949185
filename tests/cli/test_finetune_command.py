"""`firstline finetune …` from data to figures, on a pack so small that a run takes seconds."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chatapp.cli import app
from chatapp.errors import OperatorError
from finetune.errors import FinetuneError, RunError

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore")]
QUICK = [
    *("--set", "rank=2", "--set", "alpha=4", "--set", "targets=q_proj,v_proj", "--set", "dropout=0"),
    *("--set", "learning_rate=5e-3", "--set", "epochs=1", "--set", "measurements=1", "--set", "precision=fp32"),
]


def call(*words: str) -> str:
    """What a command prints; its errors pass through."""
    result = CliRunner().invoke(app, ["finetune", *words], catch_exceptions=True)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def pack(home: Path) -> Path:
    """Pip, of whose pairs and held-out questions a few are kept."""
    folder = shutil.copytree("packs/pip", home / "pip")
    pairs = json.loads((folder / "train" / "identity.json").read_text())
    (folder / "train" / "identity.json").write_text(json.dumps(pairs[:24]))
    questions = (folder / "eval" / "identity.jsonl").read_text().splitlines()
    chosen = [line for line in questions if '"identity.' in line][:2] + [
        line for line in questions if '"ferry.' in line
    ][:2]
    (folder / "eval" / "questions.jsonl").write_text("\n".join(chosen))
    return folder


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("FIRSTLINE_LOCAL_MAX_TOKENS", "24")


def test_an_estimate_comes_before_a_run(pack: Path) -> None:
    found = json.loads(call("estimate", str(pack), *QUICK, "--json"))
    assert found["steps"] == 3
    assert 5e8 < found["memory_bytes"] < 8e9
    assert "minutes for 3 steps" in call("estimate", str(pack), *QUICK)


def test_before_any_run_there_is_nothing_to_compare_or_evaluate(pack: Path) -> None:
    for words in (("runs", str(pack)), ("eval", str(pack))):
        with pytest.raises(OperatorError, match=r"no runs|No run"):
            call(*words)
    with pytest.raises(RunError, match="no setting 'speed'"):
        call("run", str(pack), "--set", "speed=9")


def test_a_run_an_evaluation_and_the_two_pages(pack: Path, home: Path) -> None:
    done = json.loads(call("run", str(pack), *QUICK, "--json"))
    assert done["status"] == "done"
    assert (Path(done["folder"]) / "adapter.gguf").is_file()
    beside = home / "side.html"
    layers = json.loads(call("eval", str(pack), "--side-by-side", str(beside), "--json"))
    assert list(layers) == [done["run"], "serves now: pack"]
    assert all(one["wording"]["n"] == 4 for one in layers.values())
    figures = json.loads((Path(done["folder"]) / "figures.json").read_text())
    assert figures["layers"] == layers[done["run"]]
    assert "<script" not in beside.read_text()
    page = home / "runs.html"
    assert call("runs", str(pack), "--out", str(page)).startswith("1 runs")
    assert done["run"] in page.read_text()
    assert "wording right, given it" in call("eval", str(pack), "--run", done["run"])


def test_a_sweep_ranks_its_runs_by_what_they_say(pack: Path) -> None:
    rows = json.loads(
        call("sweep", str(pack), *QUICK, "--grid", "learning_rate=1e-5,5e-3", "--questions", "2", "--json")
    )
    assert {row["point"]["learning_rate"] for row in rows} == {1e-5, 5e-3}
    shares = [row["wording"]["hits"] for row in rows]
    assert shares == sorted(shares, reverse=True)


def test_a_run_that_is_not_there_is_told(pack: Path) -> None:
    with pytest.raises((FinetuneError, OperatorError), match="no run in"):
        call("eval", str(pack), "--run", "absent")
