"""`firstline bench local` over any GGUF file."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chatapp.cli import app
from chatapp.errors import SettingError

COLUMNS = {"streams", "prefill_tokens_per_s", "decode_tokens_per_s"}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FIRSTLINE_LOCAL_THREADS", "1")


def test_the_figures_of_a_model(tiny_model: Path) -> None:
    command = ["bench", "local", "--model", str(tiny_model), "--streams", "1,3", "--questions", "3", "--json"]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    figures = json.loads(done.stdout)
    assert [row["streams"] for row in figures["streams"]] == [1, 3]
    assert all(row.keys() == COLUMNS and min(row.values()) > 0 for row in figures["streams"])
    answers = figures["answers"]
    assert answers["questions"] == 3
    assert 0 < answers["first_word_ms"] <= answers["whole_answer_ms"] <= answers["whole_answer_p95_ms"]
    assert answers["passes"] >= 1
    assert 0 < figures["resident_bytes"] <= figures["peak_bytes"]


def test_the_table(tiny_model: Path) -> None:
    command = ["bench", "local", "--model", str(tiny_model), "--streams", "2", "--questions", "1"]
    said = CliRunner().invoke(app, command, catch_exceptions=False).stdout
    assert "prefill tokens/s" in said
    assert "accepted a pass" in said


@pytest.mark.parametrize("streams", ["", "none", "0", "1,999"])
def test_streams_that_are_no_numbers(tiny_model: Path, streams: str) -> None:
    with pytest.raises(SettingError, match="1,2,4,8"):
        CliRunner().invoke(
            app, ["bench", "local", "--model", str(tiny_model), "--streams", streams], catch_exceptions=False
        )
