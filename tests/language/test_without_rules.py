"""A pack in a language without rules: whatever would need them does without, on the safe side."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chatapp.backends.base import ChatMessage, Request
from chatapp.commands.finetune import data as finetune_data
from chatapp.context import Exchange, Gist, remember, remind, summarize
from chatapp.context.notes import Notes
from chatapp.guards.figures import unbacked_figures
from chatapp.turn.events import Finished
from finetune.data.candidates import propose
from finetune.data.check import check
from finetune.data.load import read_files
from finetune.errors import DataError
from language.english import ENGLISH
from router.pack.load import Pack, load_pack
from router.text.followup import NEVER, before, signs, unlearnt
from router.text.questions import own_words, questions
from router.types import Neighbour, ScoredFact, Scores
from tests.context.conftest import count
from tests.turn.conftest import Desk, desk

__all__ = ["desk"]

GERMAN = {
    "pack.toml": (
        'name = "laden"\ntitle = "Laden"\nlanguage = "de"\npersona = "Du hilfst."\ncontact = "Tel. 0800 555 0142"\n'
    ),
    "out_of_scope.txt": "schreib ein gedicht\nwas ist die hauptstadt von frankreich\n",
    "categories/brot.toml": (
        'key = "brot"\ntitle = "Brot"\ndescription = "Brot."\n'
        'examples = ["ist das brot frisch", "roggenbrot", "brezeln da", "mischbrot", "ist es vegan"]\n\n'
        '[[facts]]\nid = "brot.preis"\ntext = "Ein Laib kostet 4,90 EUR und ist nicht geschnitten."\n'
        'questions = ["was kostet ein laib", "preis", "wie teuer ist es"]\n\n'
        '[[facts]]\nid = "brot.gruss"\ntext = "Guten Tag!"\nfree = true\n'
        'questions = ["hallo", "guten tag", "moin"]\n'
    ),
    "categories/zeiten.toml": (
        'key = "zeiten"\ntitle = "Zeiten"\ndescription = "Zeiten."\n'
        'examples = ["wann habt ihr offen", "sonntags", "feiertags", "bis wann", "ab wann"]\n\n'
        '[[facts]]\nid = "zeiten.woche"\ntext = "Montag bis Freitag von 6 bis 18 Uhr."\n'
        'questions = ["wann macht ihr auf", "zeiten", "seid ihr da"]\n'
    ),
}
PRICE = ScoredFact("brot.preis", "Ein Laib kostet 4,90 EUR und ist nicht geschnitten.", 0.9)
TALK = (
    Exchange(1, "My name is Ada. Ich heiße Ada, schreib an ada@mail.example.", "Gern."),
    Exchange(2, "Was kostet ein Laib?", "Ein Laib kostet 4,90 EUR."),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in GERMAN.items():
        path = tmp_path / "laden" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "laden"


@pytest.fixture
def pack(folder: Path) -> Pack:
    return load_pack(folder)


def test_the_pack_names_its_language(pack: Pack, folder: Path) -> None:
    assert (pack.language, pack.rules) == ("de", None)
    main = folder / "pack.toml"
    main.write_text(main.read_text().replace('"de"', '"en-GB"'))
    assert load_pack(folder).rules is ENGLISH


@pytest.mark.parametrize(
    "said", [PRICE.text, "Ein Laib kostet 4,90 EUR und ist geschnitten.", "Ein Laib kostet 49 EUR."]
)
async def test_the_models_own_words_are_never_shown(desk: Desk, pack: Pack, said: str) -> None:
    desk.router.pack, desk.router.fact = pack, PRICE  # type: ignore[assignment]
    desk.use([said])
    end = (await desk.say("was kostet ein laib"))[-1]
    assert isinstance(end, Finished)
    assert (end.status, end.route, end.text, end.sources) == ("done", "local", PRICE.text, ())
    assert desk.local.requests == []


async def test_a_fact_that_the_model_may_word_freely_is_said_as_it_is(desk: Desk, pack: Pack) -> None:
    greeting = ScoredFact("brot.gruss", "Guten Tag!", 0.9)
    desk.router.pack, desk.router.fact = pack, greeting  # type: ignore[assignment]
    desk.use(["Na, du?"])
    end = (await desk.say("hallo"))[-1]
    assert isinstance(end, Finished)
    assert end.text == "Guten Tag!"


async def test_no_gist_is_asked_for_and_only_what_has_a_form_is_remembered() -> None:
    async def ask(_request: Request) -> str:
        raise AssertionError("nothing can be held against its conversation")

    summary = await summarize(ask, count, "", TALK, 1024, None)
    assert summary.gist is Gist.UNASKED
    notes = Notes.parse(summary.text)
    assert (notes.name, notes.said) == ("", (TALK[0].user.split(". ")[1],))
    assert notes.gist.startswith("You asked: ")
    assert Notes.parse(remember("", TALK, count, 1024, ENGLISH)).name == "Ada"


def test_no_name_is_given_back() -> None:
    assert remind(Notes("Ada").text, TALK, "What is my name?", None) == ()
    assert remind(Notes("Ada").text, (), "What is my name?", ENGLISH)[0] == ChatMessage("user", "My name is Ada.")


def test_every_number_that_nothing_approved_has_is_named_under_a_cloud_answer(pack: Pack) -> None:
    known = [fact.text for fact in pack.facts]
    answer = "1. Ein Laib kostet 4,90 EUR.\n2. Du hast vierzehn Tage, also 14, und Tel. 0171 234 5678."
    assert unbacked_figures(answer, known, None) == ["14", "0171 234 5678"]
    assert unbacked_figures("Von 6 bis 18 Uhr.", known, None) == []


def test_no_candidates_are_written_and_a_file_of_old_ones_stays(
    folder: Path, pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune_data, "_logged", list)
    out = tmp_path / "candidates.jsonl"
    with pytest.raises(DataError, match=r"Nothing was masked and nothing written.*'de'"):
        finetune_data.from_log(folder, out, as_json=False)
    assert not out.exists()
    out.write_text("as it was")
    with pytest.raises(DataError):
        finetune_data.from_log(folder, out, as_json=False)
    assert out.read_text() == "as it was"
    with pytest.raises(DataError):
        propose([], pack)


def test_a_check_of_data_says_that_it_looked_for_no_names(folder: Path, pack: Pack) -> None:
    train = folder / "train" / "a.jsonl"
    train.parent.mkdir()
    said = {
        "question": "My name is Ann, was kostet ein Laib? ann@mail.example",
        "fact": "brot.preis",
        "answer": "4,90.",
    }
    train.write_text(json.dumps({"turns": [said]}))
    files = read_files(train.parent, pack)
    report = check(files, (), lambda _said: 1, pack, language=pack.rules)
    assert [problem.text for problem in report.problems] == ["likely personal data: e-mail."]
    assert not report.names_looked_for
    assert not report.as_json()["names_looked_for"]
    assert "names          not looked for" in finetune_data.readable(report)
    english = check(files, (), lambda _said: 1, pack, language=ENGLISH)
    assert "names  " not in finetune_data.readable(english)


def test_no_message_is_read_with_the_one_before() -> None:
    scores = Scores("brot", 1.0, 0.9, 0.1, (PRICE,), (Neighbour("x", "brot", 0.5),))
    found = signs("and what about it", replace(scores, in_scope=0.0, facts=()), scores, 0.9, None)
    assert not found[3:8].any()  # what words tell
    assert signs("and what about it", scores, scores, 0.9, ENGLISH)[3:8].any()
    assert unlearnt(None) is NEVER
    assert NEVER.probability(found, np.ones(4, np.float32)) < 1e-9
    assert before("thanks", ["was kostet ein laib"], None) == ("was kostet ein laib",)  # not known as small talk


def test_questions_are_known_by_their_mark() -> None:
    assert questions("Was kostet ein Laib? Und wann macht ihr auf?", None) == (
        "Was kostet ein Laib?",
        "Und wann macht ihr auf?",
    )
    assert questions("how much is it and when do you open", None) == ("how much is it and when do you open",)
    assert own_words("> quoted words here\nWas kostet ein Laib", None) == "Was kostet ein Laib"
