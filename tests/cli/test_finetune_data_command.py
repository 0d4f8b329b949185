"""`firstline finetune data check | from-log | approve | add`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from chatapp.commands.finetune import data as finetune_data
from chatapp.commands.finetune.data import add, approve, check, from_log
from chatapp.store import Store
from finetune.data.add import CLOUD_FILE, GROUNDED_FILE
from finetune.data.check import Limits
from finetune.data.conversation import Conversation
from finetune.errors import DataError
from language.english import ENGLISH
from router.types import Decision, Mode, Route, ScoredFact
from tests.router.conftest import SMALL

USER = "ann"
SUNDAY = "Closed on Sundays."
DECISION = Decision(
    route=Route.LOCAL,
    mode=Mode.HYBRID,
    category="hours",
    confidence=0.9,
    in_scope=0.8,
    threshold=0.5,
    fact_threshold=0.3,
    facts=(ScoredFact("hours.sunday", SUNDAY, 0.6),),
    neighbours=(),
    reasons=(),
    policy="p",
    candidates=(ScoredFact("hours.sunday", SUNDAY, 0.6),),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small pack, which the settings mean too, with training and held-out data."""
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FIRSTLINE_PACK", str(tmp_path / "small"))
    for name, text in SMALL.items():
        path = tmp_path / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "small"


def write(path: Path, *rows: object) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def turn(question: str, answer: str = "At 5.") -> dict[str, Any]:
    return {"turns": [{"question": question, "fact": "bread.baked", "answer": answer}]}


@pytest.fixture
def store(tmp_path: Path, folder: Path) -> Iterator[Store]:
    (tmp_path / "data").mkdir()
    with Store.open(f"sqlite:///{tmp_path / 'data' / 'firstline.db'}") as store:
        store.conversations.ensure_user(USER)
        yield store


@pytest.fixture
def talk(store: Store) -> str:
    """A conversation with a liked local answer, and one of the cloud."""
    talk = store.conversations.create(USER).id
    local = store.turns.begin(talk, "open on sunday? my name is Ann")
    store.turns.routed(local.id, DECISION.as_json(), "local", "hours", "p", 1.0)
    source = {"id": "hours.sunday", "text": SUNDAY, "probability": 0.6}
    store.turns.finish(local.id, "done", SUNDAY, route="local", sources=[source])
    store.ratings.rate(USER, local.id, 1)
    cloud = store.turns.begin(talk, "and on holidays?")
    sent = replace(DECISION, route=Route.CLOUD, facts=()).as_json()
    store.turns.routed(cloud.id, sent, "cloud", "hours", "p", 1.0)
    store.turns.finish(cloud.id, "done", "I do not know your holidays.", route="cloud")
    return talk


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What a person will type, in order; gives what they will have been asked."""

    def will(*answers: str) -> list[str]:
        left, asked = list(answers), []

        def prompt(text: str, **_: object) -> str:
            asked.append(text)
            if not left:
                raise typer.Abort
            return left.pop(0)

        monkeypatch.setattr(typer, "prompt", prompt)
        return asked

    return will


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts words for tokens, so that no model is opened."""
    count: Callable[[Conversation], int] = lambda c: sum(len(m.content.split()) for m in c.messages)  # noqa: E731
    monkeypatch.setattr(finetune_data, "_counter", lambda _pack: (count, 512))


@pytest.mark.usefixtures("by_words")
def test_a_check_of_good_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "train" / "a.jsonl", turn("when do you start"), turn("from what time is there bread"))
    assert check(None, None, Limits(), as_json=False) == 0
    said = capsys.readouterr().out
    assert "a.jsonl: 2 conversations (grounded)\nconversations  2, with 2 answers\ntokens         median " in said
    assert "categories     0 of 2 have 30 examples or more; still wanted: bread 28, hours 30\n" in said
    assert "facts          0 of 3 have 5 examples or more; still wanted: bread.baked 3, hours.week 5, hour" in said
    assert said.endswith("problems       0, of which 0 must be put right before training\n")
    check(None, None, Limits(per_category=0, per_fact=0), as_json=False)
    assert "facts          3 of 3 have 0 examples or more\n" in capsys.readouterr().out


@pytest.mark.real
def test_a_check_counts_what_training_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from chatapp.backends.base import ChatMessage
    from chatapp.backends.local.backend import LocalBackend
    from chatapp.settings import load_settings
    from chatapp.turn.prompts import local_messages
    from localmodel.prompt import GROUNDED

    write(folder / "train" / "a.jsonl", turn("when do you start"))
    check(folder, None, Limits(), as_json=True)
    longest = json.loads(capsys.readouterr().out)["tokens"]["longest"]
    tuned = local_messages("Be brief.", "We bake at 5 every morning.", "when do you start", GROUNDED)
    backend = LocalBackend(load_settings())
    assert longest - backend.count_tokens(tuned) == 4 + 1  # "At 5." and the token that ends it
    asked = backend.count_tokens((ChatMessage("system", "Be brief."), ChatMessage("user", "hello")))
    backend.load().close()
    (folder / "train" / "recipe.toml").write_text(f"max_tokens = {longest - 1}\n")
    assert check(folder, None, Limits(), as_json=False) == 1
    assert f"has {longest} tokens" in capsys.readouterr().out
    said = {"instruction": "hello", "output": "Good day."}
    check(folder, write(folder / "other.jsonl", said), Limits(max_tokens=500), as_json=True)
    assert json.loads(capsys.readouterr().out)["tokens"]["longest"] - asked == 3 + 1  # "Good day." and its end


@pytest.mark.usefixtures("by_words")
def test_a_check_refuses_a_held_out_question(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder / "train" / "a.jsonl", *[turn("when do you start the ovens")] * 25)
    write(folder / "eval" / "questions.jsonl", {"text": "When do you start the ovens?"})
    assert check(folder, None, Limits(), as_json=False) == 1
    said = capsys.readouterr().out
    assert "problems       49, of which 25 must be put right before training\nrefused  " in said
    assert said.count("nearly the held-out") == 20
    assert said.endswith("… and 29 more; --json gives all.\n")
    assert check(folder, None, Limits(), as_json=True) == 1
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 49


@pytest.mark.usefixtures("by_words")
def test_a_check_of_other_data(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "mine.jsonl", {"instruction": "a", "output": ""}, {"instruction": "a", "output": "b"})
    assert check(folder, path, Limits(), as_json=False) == 1
    assert f"refused  {path}:1: message 2, of 'assistant', is empty." in capsys.readouterr().out
    path.write_text("{")
    assert check(folder, path, Limits(), as_json=False) == 1
    assert "mine.jsonl: 0 conversations (unread)" in capsys.readouterr().out
    with pytest.raises(DataError, match="no file or folder"):
        check(folder, tmp_path / "none", Limits(), as_json=False)


def test_from_the_log_to_the_pack(
    folder: Path,
    tmp_path: Path,
    store: Store,
    talk: str,
    typed: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "candidates.jsonl"
    from_log(None, out, as_json=False)
    assert "2 candidates, 2 of them new, 1 masked; 0 gone from the log\n2 wait for a person" in capsys.readouterr().out
    local, cloud = lines(out)
    assert (local["question"], local["masked"]) == ("open on sunday? my name is [name]", ["name"])
    assert (local["approved"], local["fact"], cloud["fact"], cloud["nearest"]) == (
        False,
        "hours.sunday",
        "",
        ["hours.sunday"],
    )
    add(out, None, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"grounded": 0, "cloud": 0, "known": 0, "unsupported": []}

    asked = typed("what?", "y", "q")
    approve(out, None)
    said = capsys.readouterr().out
    assert [one[:5] for one in asked] == ["Train"] * 3
    assert f"fact      hours.sunday: {SUNDAY}" in said
    assert "1 approved, 0 declined, 1 left in" in said
    typed("y", "hours.never", "")
    approve(out, None)
    assert "nearest   hours.sunday" in (said := capsys.readouterr().out)
    assert "'hours.never' is no fact that the model words." in said
    assert "2 approved, 0 declined, 0 left in" in said

    from_log(None, out, as_json=True)
    figures = json.loads(capsys.readouterr().out)
    assert (figures["candidates"], figures["new"], figures["gone"], figures["undecided"]) == (2, 0, 0, 0)
    assert [line["approved"] for line in lines(out)] == [True, True]
    add(out, folder, as_json=False)
    assert "1 added to" in capsys.readouterr().out
    assert lines(folder / GROUNDED_FILE)[0]["turns"][0]["fact"] == "hours.sunday"
    assert len(lines(folder / CLOUD_FILE)) == 1

    store.conversations.delete(USER, talk)
    from_log(None, out, as_json=False)
    assert "0 candidates, 0 of them new, 0 masked; 2 gone from the log" in capsys.readouterr().out
    assert out.read_text() == ""


def test_a_cloud_answer_is_held_against_the_fact_that_a_person_names(
    folder: Path,
    tmp_path: Path,
    talk: str,
    typed: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "candidates.jsonl"
    from_log(None, out, as_json=False)
    typed("n", "y", "hours.sunday")
    approve(out, None)
    assert [line["declined"] for line in lines(out)] == [True, False]
    capsys.readouterr()
    add(out, None, as_json=False)
    said = capsys.readouterr().out
    assert "0 added" in said
    assert f"1 left out, for their fact does not bear the answer out: turns {lines(out)[1]['turn']}" in said
    assert not (folder / GROUNDED_FILE).exists()


def test_a_decision_is_kept_when_the_person_is_interrupted(
    folder: Path, tmp_path: Path, talk: str, typed: Callable[..., list[str]]
) -> None:
    out = tmp_path / "candidates.jsonl"
    from_log(None, out, as_json=False)
    typed("n")
    with pytest.raises(typer.Abort):
        approve(out, None)
    assert [line["declined"] for line in lines(out)] == [True, False]


def test_a_log_that_is_not_there_ends_no_decision(
    folder: Path, tmp_path: Path, talk: str, typed: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "candidates.jsonl"
    from_log(None, out, as_json=False)
    typed("n", "q")
    approve(out, None)
    monkeypatch.setenv("FIRSTLINE_DATA_DIR", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match="There is no log in"):
        from_log(None, out, as_json=False)
    assert [line["declined"] for line in lines(out)] == [True, False]


def test_a_customers_words_do_not_speak_to_the_terminal(
    folder: Path, tmp_path: Path, typed: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"turn": 1, "at": "x", "route": "local", "category": "", "question": "\x1b[2Jhi\nyou", "answer": "b"}
    path = write(tmp_path / "c.jsonl", line | {"fact": "hours.gone"})
    typed("q")
    approve(path, None)
    said = capsys.readouterr().out
    assert "question  \ufffd[2Jhi\nyou" in said
    assert "local answer, no category, turn 1" in said
    assert "hours.gone: no fact that the model words" in said


@pytest.mark.parametrize(
    ("answer", "fine"), [(SUNDAY, True), ("Open on Sundays.", False), ("Closed on 3 Sundays.", False)]
)
def test_borne_out_as_in_use(answer: str, fine: bool) -> None:
    assert finetune_data._guard_of(ENGLISH)(SUNDAY, "sunday?", answer) is fine
    assert not finetune_data._guard_of(None)(SUNDAY, "sunday?", answer)
