"""`firstline router learn`, and what the product makes of it."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chatapp.assembly.learnt import with_learnt
from chatapp.commands.router.learn import learn
from chatapp.errors import OperatorError
from chatapp.paths import pack_folder
from chatapp.settings import Settings
from chatapp.store.outcomes import OutcomeLog
from router.encoder.encoder import Encoder
from router.outcomes.file import load_outcomes, outcomes_folder
from router.outcomes.verdicts import Outcome, OutcomeSource
from router.policy.policy import Policy


class FakeEncoder:
    fingerprint = "fake"

    def encode(self, texts: list[str]) -> Any:
        chance = np.random.default_rng(3)
        rows = chance.normal(size=(len(texts), 8))
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def logged(n: int, facts: tuple[str, str]) -> list[Outcome]:
    """The second fact goes badly."""
    return [
        Outcome(f"m{i}", "shipping", facts[i % 2], 0.8, 0.6, 0.1, i % 2 == 0, OutcomeSource.FEEDBACK) for i in range(n)
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder, without an encoder to export."""
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(Encoder, "load", lambda *_: FakeEncoder())
    return tmp_path


@pytest.fixture
def facts() -> tuple[str, str]:
    from router.pack.load import load_pack

    one, two, *_ = load_pack(pack_folder("support")).facts
    return one.id, two.id


def test_too_little_to_learn_from(folder: Path) -> None:
    with pytest.raises(OperatorError, match=r"0 outcomes .* are too few: 100 are needed"):
        learn(None, as_json=False)
    assert not outcomes_folder(folder / "router", pack_folder("support")).exists()


def test_learnt_and_saved(
    folder: Path, facts: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = [Outcome("x", "shipping", "shipping.gone", 0.8, 0.6, 0.1, True, OutcomeSource.ESCALATED)]
    monkeypatch.setattr(OutcomeLog, "all", lambda *_: gone + logged(120, facts))
    learn(None, as_json=False)
    said = capsys.readouterr().out
    assert said.startswith("support: 120 outcomes (120 feedback), 60 good\n")
    assert "AUROC            1.000" in said
    learn(None, as_json=True)
    figures = json.loads(capsys.readouterr().out)
    assert figures["log_loss"] < figures["base_log_loss"]
    model = load_outcomes(Path(figures["folder"]), "fake")
    assert model is not None
    assert set(model.fact_ids) == set(facts)


class Plain:
    """As much of a router as is needed here."""

    encoder = FakeEncoder()

    def __init__(self, policy: Policy = Policy({"a": 0.5}, 0.5), outcomes: object = None) -> None:  # noqa: B008
        self.policy, self.outcomes = policy, outcomes

    def with_policy(self, policy: Policy) -> "Plain":
        return Plain(policy, self.outcomes)

    def with_outcomes(self, outcomes: object) -> "Plain":
        return Plain(self.policy, outcomes)


def test_the_product_takes_what_was_learnt(
    folder: Path, facts: tuple[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plain: Any = Plain()
    assert with_learnt(plain, Settings(data_dir=folder)) is plain
    strict = Settings(data_dir=folder, answer_threshold=0.6)
    with caplog.at_level(logging.WARNING):
        assert with_learnt(plain, strict).policy.answer_threshold == 0.6
    assert "router learn" in caplog.text
    monkeypatch.setattr(OutcomeLog, "all", lambda *_: logged(120, facts))
    learn(None, as_json=True)
    caplog.clear()
    found = with_learnt(plain, strict)
    assert found.outcomes is not None
    assert (found.policy.answer_threshold, caplog.text) == (0.6, "")
    monkeypatch.setattr(FakeEncoder, "fingerprint", "other")
    assert with_learnt(plain, Settings(data_dir=folder)).outcomes is None
    assert "for the encoder 'fake', not 'other'" in caplog.text
