"""Labelled dialogues: reading them, and what is taught of them."""

import json
from pathlib import Path

import pytest

from language.english import ENGLISH
from router.errors import PackError
from router.pack.dialogues import Said, read_dialogues, read_in_turn
from router.pack.labelled import Labelled
from router.pack.load import load_pack
from router.pack.source import Source

KEYS, IDS = frozenset({"bread"}), frozenset({"bread.baked"})
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


def test_a_dialogue_is_taught_as_it_is_to_be_read() -> None:
    dialogue = (_said("when do you bake rye bread", False), _said("and the rolls", True), _said("thank you", False))
    texts = [text for text, _ in read_in_turn(dialogue, ENGLISH)]
    assert texts == ["when do you bake rye bread", "when do you bake rye bread and the rolls", "thank you"]
