"""Whole runs, small: from conversations to an adapter; broken off, taken up again, and gone wrong."""

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from finetune.data.conversation import Conversation, Message, Place, Role
from finetune.data.load import read_data
from finetune.errors import DataError, RunError
from finetune.training.base import Base
from finetune.training.loss_reading import Point, Verdict
from finetune.training.plan import plan, with_persona
from finetune.training.recipe import Keep, Precision, Recipe, Schedule
from finetune.training.run import Task, data_files, fine_tune, resumes, run_folder
from finetune.training.run_folder import read_run
from finetune.training.trainer import last_whole, resolve, steps_of
from finetune.workspace import CURVE, LOCK, OUTCOME
from localmodel.adapter import read_adapter, read_metadata
from localmodel.prompt import GROUNDED
from router.pack.load import Pack

pytestmark = pytest.mark.real
QUICK = Recipe(
    rank=2,
    alpha=4,
    dropout=0.0,
    targets="q_proj,v_proj",
    learning_rate=5e-3,
    epochs=1.0,
    batch=4,
    accumulation=1,
    held_out=0.1,
    measurements=2,
    wrong_facts=0.0,
    precision=Precision.FP32,
)


def _conversations(path: Path, count: int = 24) -> tuple[Conversation, ...]:
    path.write_text("one\n", encoding="utf-8")
    return tuple(
        Conversation(
            (Message(Role.USER, f"Say {n}"), Message(Role.ASSISTANT, f"Number {n} it is.")), Place(path, n + 1)
        )
        for n in range(count)
    )


@pytest.fixture
def task(tmp_path: Path, tiny: Base, support: Pack) -> Task:
    return _task(tmp_path, tiny, support)


def _task(tmp_path: Path, base: Base, pack: Pack) -> Task:
    said = _conversations(tmp_path / "numbers.jsonl")
    return Task("support", base, QUICK, plan(said, pack, base, QUICK), data_files(said), {"rank": "command line"})


def test_a_run_learns_and_leaves_an_adapter_and_its_figures(base: Base, support: Pack, tmp_path: Path) -> None:
    """On the shipped model: what it learns carries over to examples that it has not seen."""
    task = _task(tmp_path, base, replace(support, persona="Be brief."))
    told: list[Point] = []
    folder = run_folder(tmp_path / "runs", task)
    done = fine_tune(task, folder, None, told.append)
    assert done.status == "done"
    assert done.curve == tuple(told)
    first, best = done.curve[0], done.best
    assert first.step == 0
    assert best
    assert best.held_out_loss is not None
    assert first.held_out_loss is not None
    assert best.held_out_loss < 0.9 * first.held_out_loss
    assert done.reading.verdict is Verdict.HEALTHY
    assert done.settings["rank"].source == "command line"
    assert done.settings["alpha"].source == "default"
    assert done.outcome
    assert done.outcome.disk_bytes
    assert done.used.steps == steps_of(len(task.plan.learnt), QUICK)
    metadata = read_metadata(folder / "adapter.gguf")
    assert metadata["firstline.prompt"] == GROUNDED
    assert metadata["firstline.base_sha256"] == task.base.sha256
    assert not (folder / "checkpoints").exists()
    assert list((folder / "tensorboard").glob("events*"))
    assert run_folder(tmp_path / "runs", task) != folder


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("keep", list(Keep))
def test_what_is_learnt_by_heart_is_not_ended_by_a_loss_that_rises(keep: Keep, task: Task, tmp_path: Path) -> None:
    rising = replace(QUICK, learning_rate=0.5, epochs=3.0, measurements=3, patience=1, keep=keep)
    task = replace(task, recipe=rising)
    done = fine_tune(task, run_folder(tmp_path / "runs", task), None, lambda _: None)
    assert done.outcome
    assert done.best
    losses = [point.held_out_loss for point in done.curve if point.held_out_loss is not None]
    assert any(later > earlier for earlier, later in itertools.pairwise(losses))
    last = max(point.step for point in done.curve)
    if keep is Keep.LAST:
        assert (done.status, done.outcome.kept_step) == ("done", steps_of(len(task.plan.learnt), rising))
    else:
        assert (done.status, done.outcome.kept_step) == ("stopped early", done.best.step)
        assert last < steps_of(len(task.plan.learnt), rising)


@pytest.mark.filterwarnings("ignore")
def test_a_run_that_was_killed_goes_on_from_its_last_whole_checkpoint(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_folder(tmp_path / "runs", task)
    with pytest.raises(_Killed):
        fine_tune(task, folder, None, _kill_at(4))
    assert resumes(folder) == 3
    assert run_folder(tmp_path / "runs", task) == folder
    assert run_folder(tmp_path / "runs", task, fresh=True) != folder
    (folder / "checkpoints" / "checkpoint-9").mkdir()  # begun, and never written to its end
    steps: list[int] = []
    done = fine_tune(task, folder, None, lambda point: steps.append(point.step))
    assert done.status == "done"
    assert steps[0] > 3
    assert [point.step for point in done.curve] == sorted(point.step for point in done.curve)
    unbroken = run_folder(tmp_path / "runs", task, fresh=True)
    fine_tune(task, unbroken, None, lambda _: None)
    ours, theirs = (read_adapter(where / "adapter.gguf")[0].pairs for where in (folder, unbroken))
    assert all(np.allclose(one, two, atol=1e-5) for n in ours for one, two in zip(ours[n], theirs[n], strict=True))


def test_a_run_that_goes_on_elsewhere_is_left_alone(task: Task, tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "runs", task)
    folder.mkdir(parents=True)
    with FileLock(folder / LOCK), pytest.raises(RunError, match="Another process is running"):
        fine_tune(task, folder, None, lambda _: None)
    assert not (folder / "run.json").exists()


class _Killed(BaseException):
    pass


def _kill_at(step: int) -> Any:
    def say(point: Point) -> None:
        if point.step >= step:
            raise _Killed

    return say


@pytest.mark.filterwarnings("ignore")
def test_a_loss_that_is_no_number_ends_the_run_and_says_what_to_change(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from finetune.training import trainer

    monkeypatch.setattr(trainer, "mean_loss", lambda model, batch, tokens=None: _nan(model))
    folder = run_folder(tmp_path / "runs", task)
    with pytest.raises(RunError, match="failed") as raised:
        fine_tune(task, folder, None, lambda _: None)
    assert "learning_rate" in raised.value.hint
    ended = read_run(folder)
    assert ended.status == "failed"
    assert ended.reading.verdict is Verdict.EXPLODING


def _nan(model: Any) -> Any:
    return sum(weight.sum() for weight in model.parameters() if weight.requires_grad) * math.nan


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "The disk is full"),
        (RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 128 vs 22"), "The disk is full"),
        (
            RuntimeError("[enforce fail at inline_container.cc:862] . PytorchStreamWriter failed writing file data/7"),
            "full",
        ),
        (RuntimeError("CUDA out of memory"), "not enough memory"),
        (ValueError("odd"), "Training failed: ValueError odd"),
    ],
)
def test_what_goes_wrong_says_what_to_do(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("finetune.training.run.load_torch", lambda _: None)
    monkeypatch.setattr("finetune.training.run.adapted", lambda *_: None)
    monkeypatch.setattr("finetune.training.run.learn", fail)
    folder = run_folder(tmp_path / "runs", task)
    with pytest.raises(RunError, match=said):
        fine_tune(task, folder, None, lambda _: None)
    assert not (folder / OUTCOME).exists()
    assert run_folder(tmp_path / "runs", task) == folder
    assert (folder / "run.json").exists()
    assert not (folder / CURVE).exists()


def test_the_same_task_has_the_same_digest_and_another_has_not(task: Task) -> None:
    assert task.digest == replace(task, sources={}).digest
    assert task.digest != replace(task, recipe=replace(QUICK, seed=8)).digest
    json.dumps(task.as_json())


def test_no_conversation_is_on_both_sides(tiny: Base, support: Pack, tmp_path: Path) -> None:
    said = _conversations(tmp_path / "n.jsonl", 40)
    parted = plan(said, support, tiny, QUICK)
    assert len(parted.learnt) == 36
    assert len(parted.held_out) == 4
    assert not set(parted.learnt) & set(parted.held_out)
    assert parted == plan(said, support, tiny, QUICK)
    with pytest.raises(DataError, match="There are 3 training conversations"):
        plan(said[:3], support, tiny, QUICK)


def test_a_conversation_without_a_system_message_gets_the_persona(tmp_path: Path) -> None:
    said = _conversations(tmp_path / "n.jsonl", 1)[0]
    begun = with_persona(said, " You are Pip. ")
    assert begun.messages[0] == Message(Role.SYSTEM, "You are Pip.")
    assert with_persona(begun, "Another.") is begun


def test_steps_and_precision() -> None:
    assert steps_of(100, Recipe(batch=8, accumulation=1, epochs=2)) == 26
    assert steps_of(100, Recipe(batch=2, accumulation=4, epochs=1)) == 13
    assert steps_of(1, Recipe(epochs=0.01)) == 1
    assert resolve(Precision.FP16) is Precision.FP16
    assert resolve(Precision.AUTO) is not Precision.AUTO
    assert Schedule("linear") is Schedule.LINEAR


def test_a_checkpoint_that_was_not_written_to_its_end_is_none(tmp_path: Path) -> None:
    assert last_whole(tmp_path) is None
    for step in (9, 10):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text('{"epoch": 1.0}')
    (tmp_path / "checkpoint-11").mkdir()
    (tmp_path / "checkpoint-12").mkdir()
    (tmp_path / "checkpoint-12" / "trainer_state.json").write_text('{"epoch": 1.')
    assert last_whole(tmp_path) == tmp_path / "checkpoint-10"


def test_records_that_share_a_line_are_conversations_of_their_own(tiny: Base, support: Pack, tmp_path: Path) -> None:
    pairs = [{"instruction": f"Say {n}", "input": "", "output": f"It is {n}."} for n in range(30)]
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(pairs), encoding="utf-8")
    parted = plan(read_data(path, support), support, tiny, QUICK)
    assert (len(parted.learnt), len(parted.held_out)) == (27, 3)
