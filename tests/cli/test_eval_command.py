"""`firstline router eval`, over a small pack and the real encoder."""

import json
from pathlib import Path
from typing import Any

import pytest

from chatapp.commands.router.evaluate import evaluate
from chatapp.errors import OperatorError
from router.errors import PackError, PolicyError
from router.policy.file import Stated, made_for, write_policy
from router.policy.policy import Policy
from router.router import Router
from tests.router.conftest import SMALL

ROWS = (
    {"text": "when do you bake your bread", "category": "bread", "facts": ["bread.baked"]},
    {"text": "are you open on a sunday", "category": "hours", "facts": ["hours.sunday"]},
    {"text": "write a poem about rain", "category": None, "facts": []},
)


@pytest.fixture
def pack(tmp_path: Path, exported: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(exported))
    monkeypatch.chdir(tmp_path)
    for name, text in SMALL.items() | {("eval/messages.jsonl", "\n".join(map(json.dumps, ROWS)))}:
        path = tmp_path / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "small"


@pytest.fixture
def never(pack: Path, exported: Path, tmp_path: Path) -> Path:
    """A policy file that keeps nothing."""
    router = Router.open(pack, exported / "router")
    path = tmp_path / "never.toml"
    policy = Policy(dict.fromkeys(("bread", "hours"), 1.0), 1.0)
    write_policy(path, policy, Stated(), made_for(router.pack, router.encoder))
    return path


def run(pack: Path | None, **options: Any) -> None:
    chosen = {"data": None, "policy": None, "against": None, "out": Path("report.html"), "as_json": False}
    evaluate(pack, **(chosen | options))


def test_the_report_and_its_figures(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(pack, out=Path("deep/er/report.html"))
    shown = capsys.readouterr().out
    assert "3 messages" in shown
    assert "Out of scope, escalated" in shown
    assert "Report: deep/er/report.html. Its figures: deep/er/report.json." in shown
    assert Path("deep/er/report.html").read_text().startswith("<!doctype html>")
    figures = json.loads(Path("deep/er/report.json").read_text())
    assert [row["text"] for row in figures["messages"]] == [row["text"] for row in ROWS]
    assert figures["comparison"] is None
    assert figures["data"].endswith("eval/messages.jsonl")


def test_for_programs(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(pack, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["report"], shown["figures_file"], shown["n"]) == ("report.html", "report.json", 3)
    assert "messages" not in shown


def test_under_a_policy_and_against_a_pack(pack: Path, never: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(pack, policy=never, against=pack)
    assert "Against small: " in capsys.readouterr().out
    figures = json.loads(Path("report.json").read_text())
    assert figures["figures"]["here"]["hits"] == 0
    assert figures["policy"]["fact_threshold"] == 1
    assert figures["comparison"]["after"]["policy"] == figures["policy"]["version"]
    assert "Compared with small" in Path("report.html").read_text()


def test_against_a_policy(pack: Path, never: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(pack, against=never)
    assert "Against never.toml: " in capsys.readouterr().out
    assert json.loads(Path("report.json").read_text())["comparison"]["before"]["policy"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "rows.jsonl:1: no messages."),
        ("\n \n", "rows.jsonl:1: no messages."),
        ('{"text": "a cake", "category": "cakes"}', "rows.jsonl:1: unknown category 'cakes'."),
        ('{"text": "a", "category": "bread"}\n{"text": "b", "category": "bread", "facts": ["x"]}', ":2: unknown fact"),
        ("nope", "rows.jsonl:1: not JSON"),
    ],
)
def test_messages_that_cannot_be_used(pack: Path, lines: str, said: str) -> None:
    Path("rows.jsonl").write_text(lines)
    with pytest.raises(PackError) as raised:
        run(pack, data=Path("rows.jsonl"))
    assert said in raised.value.what
    assert raised.value.hint
    assert not Path("report.html").exists()


def test_a_pack_without_messages(pack: Path) -> None:
    (pack / "eval" / "messages.jsonl").unlink()
    with pytest.raises(PackError, match="--data") as raised:
        run(pack)
    assert "eval/messages.jsonl: cannot be read" in raised.value.what


def test_a_pack_of_other_categories_cannot_be_compared_with(pack: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for path in pack.rglob("*.t*"):
        target = other / path.relative_to(pack)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text().replace("bread", "buns"))
    (other / "categories" / "bread.toml").rename(other / "categories" / "buns.toml")
    with pytest.raises(PackError, match="has no category 'bread'"):
        run(pack, against=other)


def test_what_is_named_wrongly(pack: Path, tmp_path: Path) -> None:
    for options, what in (
        ({"out": tmp_path}, "cannot be written to"),
        ({"out": Path("report.json")}, "cannot be written to"),
        ({"out": pack / "pack.toml" / "report.html"}, "cannot be written"),
        ({"against": Path("nowhere")}, "no 'nowhere' to compare with"),
    ):
        with pytest.raises(OperatorError) as raised:
            run(pack, **options)
        assert what in raised.value.what
        assert raised.value.hint
    with pytest.raises(PolicyError):
        run(pack, policy=Path("nowhere.toml"))


def test_a_disk_that_fails(pack: Path) -> None:
    Path("report.json").mkdir()
    with pytest.raises(OperatorError, match=r"report\.json cannot be written"):
        run(pack)


def test_messages_that_were_taught_are_not_measured_on(pack: Path) -> None:
    with (pack / "eval" / "messages.jsonl").open("a", encoding="utf-8") as file:
        file.write('\n{"text": "Opening hours?", "category": "hours", "facts": ["hours.week"]}')
    with pytest.raises(PackError, match=r"messages.jsonl:4: 'Opening hours\?' stands under 'hours.week' too"):
        run(pack)
