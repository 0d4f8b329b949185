"""Runs as they lie on disk: whole, going on, killed in mid-line, and damaged."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.errors import RunError
from finetune.training.estimate import Estimate
from finetune.training.loss_reading import Point, Verdict
from finetune.training.run_folder import (
    UNENDED,
    Figures,
    Setting,
    append_point,
    differing,
    read_curve,
    read_run,
    read_runs,
)
from router.stats import Share
from tests.finetune.runfolders import ESTIMATE, described, fall, figures, outcome, write_run


def test_a_whole_run(tmp_path: Path) -> None:
    curve = fall(0.72, 0.26)
    folder = write_run(tmp_path, described("first", rank=8), curve, outcome(), figures(fact=190, wording=150))
    run = read_run(folder)
    assert (run.id, run.pack, run.status, run.examples, run.held_out) == ("first", "support", "done", 1600, 80)
    assert run.made == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert run.base_sha256 == "ab" * 32
    assert run.settings["rank"] == Setting(8, "command line")
    assert run.data["answers.jsonl"].conversations == 1500
    assert run.versions["torch"] == "2.13.0"
    assert run.estimate == Estimate.from_json(ESTIMATE)
    assert run.curve == tuple(curve)
    assert run.figures == Figures(200, {"fact": Share(190, 200), "wording": Share(150, 200)})
    assert run.reading.text.startswith("The training loss went from 0.72 to 0.26.")
    assert run.best
    assert run.best.step == 400
    assert (run.used.memory_bytes, run.used.minutes, run.used.steps) == (3_500_000_000, 3700 / 60, 401)


def test_a_run_that_was_killed_tells_what_it_has(tmp_path: Path) -> None:
    folder = write_run(tmp_path, described("killed"), fall(0.72, 0.26)[:20])
    with (folder / "curve.jsonl").open("a") as file:
        file.write('{"step": 170, "lo')
    run = read_run(folder)
    assert run.status == UNENDED
    assert run.outcome is None
    assert run.figures is None
    assert len(run.curve) == 20
    assert run.reading.verdict is Verdict.HEALTHY
    assert (run.used.memory_bytes, run.used.disk_bytes, run.used.steps) == (None, None, run.curve[-1].step)
    assert run.seconds == run.curve[-1].seconds


def test_a_run_that_has_just_begun(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, {**described("new"), "estimate": {}}))
    assert (run.curve, run.best, run.seconds, run.estimate) == ((), None, 0.0, None)
    assert run.reading.verdict is Verdict.TOO_EARLY


def test_a_run_that_failed_is_read_by_its_curve(tmp_path: Path) -> None:
    curve = [Point(0, 100, 0.0, held_out_loss=0.7), Point(10, 100, 0.2, loss=math.nan)]
    said = outcome("failed", reading=None, peak_memory_bytes=None, disk_bytes=None, kept_step=None)
    run = read_run(write_run(tmp_path, described("bad"), curve, said))
    assert (run.status, run.reading.verdict) == ("failed", Verdict.EXPLODING)
    assert run.best is None  # at step 0 stands the untouched model


def test_the_newest_is_first_and_other_folders_are_left_alone(tmp_path: Path) -> None:
    write_run(tmp_path, described("a", "2030-01-02T00:00:00+00:00"))
    write_run(tmp_path, described("b", "2030-01-03T00:00:00"))
    write_run(tmp_path, described("c", "2030-01-02T23:30:00-02:00"))
    (tmp_path / "sweeps").mkdir()
    assert [run.id for run in read_runs(tmp_path)] == ["c", "b", "a"]
    assert read_runs(tmp_path / "nowhere") == ()


def test_the_settings_that_differ(tmp_path: Path) -> None:
    write_run(tmp_path, described("a", rank=8, seed=3))
    write_run(tmp_path, described("b", rank=16, learning_rate=1e-3))
    write_run(tmp_path, described("c", rank=8, learning_rate=5e-4))
    runs = read_runs(tmp_path)
    assert set(differing(runs)) == {"rank", "learning_rate", "seed"}
    assert differing([run for run in runs if run.id == "a"]) == ()
    assert differing([]) == ()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("run.json", "{", r"run\.json is damaged"),
        ("run.json", "[]", r"run\.json is damaged"),
        ("run.json", '{"id": "x"}', r"run\.json is damaged: 'made' is missing"),
        ("run.json", json.dumps({**described("x"), "made": "soon"}), r"run\.json is damaged.*soon"),
        ("run.json", json.dumps({**described("x"), "estimate": {"steps": 1}}), r"run\.json is damaged: 'memory_bytes'"),
        ("outcome.json", '{"status": "done"}', r"outcome\.json is damaged: 'seconds' is missing"),
        ("outcome.json", json.dumps(outcome(reading={"verdict": "fine", "text": "", "setting": ""})), r"outcome.*fine"),
        ("figures.json", '{"questions": 1, "layers": {"fact": {"hits": "x", "n": 1}}}', r"figures\.json is damaged"),
        ("figures.json", "\xff", r"figures\.json is damaged"),
        ("curve.jsonl", '{"step": 0, "steps": 1, "epoch": 0}\n{"step"\n', r"curve\.jsonl:2 is damaged"),
        ("curve.jsonl", '{"step": 0, "steps": 1}\n', r"curve\.jsonl:1 is damaged.*epoch"),
        ("curve.jsonl", '{"step": "0", "steps": 1, "epoch": 0}\n', r"curve\.jsonl:1 is damaged: '0' is no number"),
        ("curve.jsonl", "7\n", r"curve\.jsonl:1 is damaged"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    folder = write_run(tmp_path, described("x"), fall(0.7, 0.3, 5), outcome(), figures(fact=1))
    (folder / name).write_text(content, encoding="latin-1")
    with pytest.raises(RunError, match=said):
        read_run(folder)


def test_no_run_there(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"'run\.json' is missing"):
        read_run(tmp_path / "none")


def test_a_figure_that_is_no_number_is_null_on_disk(tmp_path: Path) -> None:
    append_point(tmp_path / "c", Point(10, 20, 0.5, loss=math.inf, grad_norm=math.nan, learning_rate=1e-3))
    assert json.loads((tmp_path / "c").read_text()) == {
        "step": 10,
        "steps": 20,
        "epoch": 0.5,
        "loss": None,
        "grad_norm": None,
        "learning_rate": 1e-3,
        "seconds": 0.0,
        "nan": True,
    }
    (point,) = read_curve(tmp_path / "c")
    assert point.loss is not None
    assert math.isnan(point.loss)
    assert point.held_out_loss is None


number = st.floats(0, 1e6)
points = st.builds(
    Point,
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    number,
    st.none() | number,
    st.none() | number,
    st.none() | number,
    st.none() | number,
    number,
)


@given(st.lists(points, max_size=8), st.data())
def test_a_curve_is_read_as_it_was_written_wherever_it_was_cut(
    tmp_path_factory: pytest.TempPathFactory, curve: list[Point], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("curve") / "curve.jsonl"
    for point in curve:
        append_point(path, point)
    assert read_curve(path) == tuple(curve)
    if curve:
        written = path.read_bytes()
        path.write_bytes(written[: data.draw(st.integers(0, len(written)))])
        whole = path.read_bytes().count(b"\n")
        assert read_curve(path) == tuple(curve[:whole])
