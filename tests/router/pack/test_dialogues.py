"""Labelled dialogues: reading them, and learning from them when a message needs context."""

import json
from pathlib import Path

import numpy as np
import pytest

from language.english import ENGLISH
from router.errors import PackError
from router.model.ridge import Vectors
from router.pack.dialogues import MIN_FOLLOW_UPS, Said, fit_follow_up, follow_ups, read_dialogues, read_in_turn
from router.pack.labelled import Labelled
from router.pack.load import load_pack
from router.pack.source import Source
from router.text.followup import signs
from router.types import Neighbour, ScoredFact, Scores

KEYS, IDS = frozenset({"bread"}), frozenset({"bread.baked"})
ONE = np.ones(1, np.float32)
TURN = {"text": "when do you bake", "category": "bread", "facts": ["bread.baked"], "needs_context": False}


def _said(text: str, needs_context: bool, closing: bool = False) -> Said:
    return Said(Labelled(text, "bread", ()), needs_context, closing)


def _source(tmp_path: Path, *lines: object) -> Source:
    path = tmp_path / "dialogues.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return Source.read(path, "")


def test_a_dialogue_is_read_with_its_labels(tmp_path: Path) -> None:
    closing = {"text": "thanks", "category": None, "facts": [], "needs_context": False, "closing": True}
    (dialogue,) = read_dialogues(_source(tmp_path, {"turns": [TURN, closing]}, ""), KEYS, IDS)
    assert [said.message.text for said in dialogue] == ["when do you bake", "thanks"]
    assert dialogue[0].message.facts == ("bread.baked",)
    assert [said.closing for said in dialogue] == [False, True]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("[]", "not an object"),
        ("{", "not JSON"),
        ({}, "'turns' is None"),
        ({"turns": []}, r"'turns' is \[\]"),
        ({"turns": ["hello"]}, "'turns' is"),
        ({"turns": [{**TURN, "needs_context": "yes"}]}, "'needs_context' is 'yes'"),
        ({"turns": [{**TURN, "category": "cake"}]}, "unknown category 'cake'"),
        ({"turns": [{**TURN, "facts": ["bread.none"]}]}, "unknown fact 'bread.none'"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: object, what: str) -> None:
    with pytest.raises(PackError, match=rf"dialogues.jsonl:2: .*{what}"):
        read_dialogues(_source(tmp_path, {"turns": [TURN]}, line), KEYS, IDS)


def test_a_pack_carries_its_dialogues(pack_dir: Path) -> None:
    before = load_pack(pack_dir).content_hash
    (pack_dir / "dialogues.jsonl").write_text(json.dumps({"turns": [TURN]}))
    pack = load_pack(pack_dir)
    assert len(pack.dialogues) == 1
    assert pack.content_hash != before


def test_closings_are_follow_ups_that_do_not_lean() -> None:
    dialogue = (
        _said("when do you bake", False),
        _said("and the rolls", True),
        _said("go ahead with it please", True, True),
    )
    assert [(text, needs_context) for text, _, needs_context in follow_ups([dialogue], ENGLISH)] == [
        ("and the rolls", True),
        ("go ahead with it please", False),
    ]


def test_a_dialogue_is_taught_as_it_is_to_be_read() -> None:
    dialogue = (_said("when do you bake rye bread", False), _said("and the rolls", True), _said("thank you", False))
    texts = [text for text, _ in read_in_turn(dialogue, ENGLISH)]
    assert texts == ["when do you bake rye bread", "when do you bake rye bread and the rolls", "thank you"]


def _ones(texts: list[str]) -> Vectors:
    return np.ones((len(texts), 1), np.float32)


def _score(text: str, _: Vectors = ONE) -> Scores:
    sure = 0.95 if len(text.split()) > 4 else 0.1
    return Scores("bread", 1.0, sure, 1 - sure, (ScoredFact("bread.baked", "", sure),), (Neighbour("x", "bread", 0.5),))


def test_what_leans_is_learnt_from_dialogues() -> None:
    whole = "do you also bake the dark rolls on sundays"
    dialogue = (_said("when do you bake the rye bread here", False), _said("and rolls", True), _said(whole, False))
    traffic = [Labelled(f"is the number {word} loaf fresh today", "bread", ()) for word in "abcdef"]
    follow_up = fit_follow_up([dialogue] * (MIN_FOLLOW_UPS // 2), traffic, _score, _ones, ENGLISH)
    assert follow_up is not None
    earlier = "when do you bake the rye bread here"
    assert (
        follow_up.probability(
            signs("and rolls", _score("and rolls"), _score(f"{earlier} and rolls"), 1.0, ENGLISH), ONE
        )
        > 0.5
    )
    assert follow_up.probability(signs(whole, _score(whole), _score(f"{earlier} {whole}"), 1.0, ENGLISH), ONE) < 0.5


def test_too_few_dialogues_or_all_alike_teach_nothing() -> None:
    dialogue = (_said("when do you bake", False), _said("and the rolls", True))
    assert fit_follow_up([dialogue], [], _score, _ones, ENGLISH) is None
    assert fit_follow_up([dialogue] * MIN_FOLLOW_UPS, [], _score, _ones, ENGLISH) is None
