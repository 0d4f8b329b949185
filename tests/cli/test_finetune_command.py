"""`firstline finetune …` from data to figures, on a pack so small that a run takes seconds."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.processes import cloud_server
from chatapp.cli import app
from chatapp.commands.finetune import evaluate as finetune_eval
from chatapp.commands.finetune import quantize as finetune_quantize
from chatapp.commands.finetune.bench import open_bench
from chatapp.commands.finetune.chosen import chosen_run
from chatapp.commands.finetune.evaluate import recalibrated
from chatapp.errors import OperatorError
from finetune.errors import DataError, FinetuneError, RunError
from finetune.judging.forgetting import read_choices
from finetune.judging.scoring import Question
from finetune.judging.variants import FULL, SERVED, TORCH
from localmodel.atomic_files import sha256
from localmodel.errors import ReleaseError
from localmodel.model_file import shipped_model
from localmodel.prompt import REFUSAL
from localmodel.release import ADAPTER, CARD, POLICY

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
def home(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """With the encoder of a first start: the router is trained anew, nothing is exported."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(data_dir / "router", folder / "data" / "router")
    return folder


@pytest.fixture(scope="module")
def pack(home: Path) -> Path:
    """Pip as it was before it was trained, of whose pairs and held-out questions a few are kept."""
    folder = shutil.copytree("packs/pip", home / "pip", ignore=shutil.ignore_patterns(ADAPTER, POLICY, CARD))
    pairs = json.loads((folder / "train" / "identity.json").read_text())
    (folder / "train" / "identity.json").write_text(json.dumps(pairs[:24]))
    questions = (folder / "eval" / "identity.jsonl").read_text().splitlines()
    chosen = [line for line in questions if '"identity.' in line][:2] + [
        line for line in questions if '"ferry.' in line
    ][:2]
    (folder / "eval" / "questions.jsonl").write_text("\n".join(chosen))
    return folder


@pytest.fixture(autouse=True)
def at_home(home: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("FIRSTLINE_LOCAL_MODEL", str(tiny_model))
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


def test_what_is_held_out_is_not_learnt(pack: Path) -> None:
    train = pack / "train" / "identity.json"
    before = train.read_text()
    asked = json.loads((pack / "eval" / "questions.jsonl").read_text().splitlines()[0])["text"]
    train.write_text(json.dumps([*json.loads(before), {"instruction": asked, "input": "", "output": "I am Pip."}]))
    try:
        with pytest.raises(DataError, match="is nearly the held-out"):
            call("run", str(pack), *QUICK)
    finally:
        train.write_text(before)


def test_a_run_of_another_model_is_told(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_LOCAL_MODEL", str(shipped_model()))
    for words in (("eval",), ("quantize",), ("gate",), ("promote",)):
        with pytest.raises(OperatorError, match="which is not served"):
            call(*words, str(pack))


def test_a_connected_cloud_model_is_one_more_column(pack: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = home / "cloud.html"
    with cloud_server() as served:
        for name, value in {"BASE_URL": served.url, "API_KEY": "sk-loopback", "MODEL": "big-one"}.items():
            monkeypatch.setenv(f"FIRSTLINE_CLOUD_{name}", value)
        monkeypatch.setenv("FIRSTLINE_CLOUD_MAX_TOKENS", "16")
        said = call("eval", str(pack), "--side-by-side", str(beside))
    assert re.search(r"wording right, given it +big-one +\d+\.\d%.* n = 4", said)
    assert "big-one" in beside.read_text()


def test_a_model_that_was_taught_refusals_is_asked_which_messages_it_refuses(
    pack: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, done = chosen_run(pack, None)
    taught = replace(done, settings=done.settings | {"wrong_facts": replace(done.settings["wrong_facts"], value=0.2)})
    asked: list[Question] = []

    async def refuse_all(settings: object, serving: object, backend: object, questions: list[Question]) -> list[str]:
        asked.extend(questions)
        return [REFUSAL] * len(questions)

    monkeypatch.setattr(finetune_eval, "word_all", refuse_all)
    bench = open_bench(loaded, None)
    all_refused = recalibrated(bench, taught, home / "refused.toml")
    assert len(asked) > 50
    assert all(question.facts for question in asked)
    assert "answered from one that does: 0.0%" in all_refused[1]
    asked.clear()
    assert "answered from one that does: 0.0%" not in recalibrated(bench, done, home / "not.toml")[1]
    assert not asked


def _repeated(path: Path, times: int) -> None:
    """Every row of an evaluation so many times: a gate wants more questions than a test has time to ask."""
    said = json.loads(path.read_text())
    for one in (said, *said["beside"].values()):
        one["rows"] = one["rows"] * times
    path.write_text(json.dumps(said))


def test_forms_are_measured_and_the_gate_says_what_failed(
    pack: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune_quantize, "read_choices", lambda: read_choices()[::13])
    with pytest.raises(RunError, match="variants were not measured"):
        call("gate", str(pack))
    found = json.loads(call("quantize", str(pack), "--prompts", "3", "--torch", "2", "--json"))
    assert [variant["name"] for variant in found["measured"]] == [SERVED, FULL, "Q8_0", "Q5_K_M", "Q4_K_M"]
    assert all(
        variant["tokens_per_s"] > 0 and variant["resident_bytes"] > variant["bytes"] / 2
        for variant in found["measured"]
    )
    assert found["measured"][1]["agreement"] == {"exact": 2, "similar": 0, "different": 0}  # with itself
    assert set(found["parity"]) == {f"{SERVED} ~ {FULL}", f"{SERVED} ~ {TORCH}", f"{FULL} ~ {TORCH}"}
    with pytest.raises(ReleaseError, match="There are 4 held-out questions"):
        call("gate", str(pack))
    (folder,) = {path.parent for path in (home / "data" / "finetune" / "pip").glob("*/forms.json")}
    _repeated(folder / "figures.json", 5)
    questions = pack / "eval" / "questions.jsonl"
    asked = questions.read_text()
    questions.write_text(asked.replace("\n", "\n\n", 1))
    with pytest.raises(ReleaseError, match=r"Changed since .* was evaluated: questions"):
        call("gate", str(pack))
    questions.write_text(asked)
    policy = (folder / "policy.toml").read_text()
    (folder / "policy.toml").unlink()
    with pytest.raises(ReleaseError, match=r"Changed since .* was evaluated: policy"):
        call("gate", str(pack))
    (folder / "policy.toml").write_text(policy)
    said = call("gate", str(pack))
    assert "FAILED honest where no fact answers: no held-out question" in said
    assert re.search("FAILED agreement after quantisation: [0-2] of 2 different", said)
    assert "is not released, held against pack" in said
    card = (folder / "MODEL_CARD.md").read_text()
    assert sha256(folder / "adapter.gguf") in card
    assert "not released" in card
    with pytest.raises(ReleaseError, match=r"did not release .* agreement after quantisation"):
        call("promote", str(pack))


def test_what_the_gate_released_serves_until_it_is_rolled_back(
    pack: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = (home / "data" / "finetune" / "pip").glob("*/gate.json")
    said = json.loads(path.read_text())
    path.write_text(json.dumps(said | {"conditions": [one | {"met": True} for one in said["conditions"]]}))
    figures = path.parent / "figures.json"
    judged = figures.read_text()
    figures.write_text(judged + " ")
    with pytest.raises(ReleaseError, match="has changed since it was judged"):
        call("promote", str(pack))
    figures.write_text(judged)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("FIRSTLINE_LOCAL_BASE_URL", "http://127.0.0.1:9/v1")
        elsewhere.setenv("FIRSTLINE_LOCAL_SERVER_MODEL", "small")
        with pytest.raises(ReleaseError, match="a release would not serve there"):
            call("promote", str(pack))
    assert "serves now, instead of pack" in call("promote", str(pack), "--why", "a test")
    with pytest.raises(ReleaseError, match="was held against 'pack'"):
        call("gate", str(pack))
    with pytest.raises(ReleaseError, match="serves now, not 'pack'"):
        call("promote", str(pack))
    assert "pack serves again, instead of r-" in call("rollback", str(pack))
    with pytest.raises(ReleaseError, match="nothing was promoted before it"):
        call("rollback", str(pack))
    assert "ships" in call("promote", str(pack), "--into-pack")
    assert {"adapter.gguf", "policy.toml", "MODEL_CARD.md"} <= {path.name for path in pack.iterdir()}
    with pytest.raises(ReleaseError, match=r"'pack-[0-9a-f]{12}' serves now, and .* was held against 'pack'"):
        call("gate", str(pack))
    monkeypatch.setenv("FIRSTLINE_PACK", str(pack))
    route = CliRunner().invoke(app, ["route", "when does the boat leave", "--json"])
    assert json.loads(route.stdout)["policy"] in (pack / "policy.toml").read_text()
    for name in ("adapter.gguf", "policy.toml", "MODEL_CARD.md"):
        (pack / name).unlink()


def test_a_sweep_ranks_its_runs_by_what_they_say(pack: Path) -> None:
    rows = json.loads(
        call("sweep", str(pack), *QUICK, "--grid", "learning_rate=1e-5,5e-3", "--questions", "2", "--json")
    )
    assert {row["point"]["learning_rate"] for row in rows} == {1e-5, 5e-3}
    shares = [row["wording"]["hits"] for row in rows]
    assert shares == sorted(shares, reverse=True)
    again = json.loads(
        call("sweep", str(pack), *QUICK, "--grid", "learning_rate=1e-5,5e-3", "--questions", "2", "--json")
    )
    assert [row["run"] for row in again] == [row["run"] for row in rows]


def test_a_point_of_a_sweep_on_the_shipped_model(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was learnt is asked as it would be served: the model as it is installed, its adapter and its prompt."""
    monkeypatch.setenv("FIRSTLINE_LOCAL_MODEL", "")
    (row,) = json.loads(call("sweep", str(pack), *QUICK, "--grid", "learning_rate=5e-3", "--questions", "1", "--json"))
    assert (row["status"], row["wording"]["n"]) == ("done", 1)
    assert row["best_held_out_loss"] < 5  # far below the untouched tiny model, which knows nothing


def test_a_sweep_looks_before_it_trains(pack: Path, home: Path) -> None:
    before = set((home / "data" / "finetune" / "pip").iterdir())
    with pytest.raises(DataError, match="the longest may have 32"):
        call("sweep", str(pack), *QUICK, "--grid", "max_tokens=512,32")
    questions = pack / "eval" / "questions.jsonl"
    asked = questions.read_text()
    questions.unlink()
    with pytest.raises(DataError, match="Write held-out questions first"):
        call("sweep", str(pack), *QUICK, "--grid", "learning_rate=1e-5,5e-3")
    questions.write_text(asked)
    assert set((home / "data" / "finetune" / "pip").iterdir()) == before


def test_a_run_that_is_not_there_is_told(pack: Path) -> None:
    with pytest.raises((FinetuneError, OperatorError), match="no run in"):
        call("eval", str(pack), "--run", "absent")
