"""The shipped pack's conversations for fine-tuning, and the keys that held-out answers are held against."""

import json
from pathlib import Path
from typing import Any

import pytest

from chatapp.guards.support.support import SupportGuard
from language.english import ENGLISH
from localmodel.adapter import BASE_KEY, read_metadata
from localmodel.atomic_files import sha256
from localmodel.model_file import SHIPPED_SHA256
from localmodel.release import ADAPTER, CARD, POLICY
from router.pack.load import Pack, load_pack
from router.pack.overlap import fold
from router.policy.file import read_policy
from router.types import FactVoice

SUPPORT = Path("packs/support")


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SUPPORT / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(SUPPORT)


@pytest.fixture(scope="module")
def turns(pack: Pack) -> list[dict[str, Any]]:
    """Every exchange, with the approved text that it is answered from."""
    texts = {fact.id: fact.text for fact in pack.facts}
    found = [turn for name in ("answers", "reading") for row in _lines(f"train/{name}.jsonl") for turn in row["turns"]]
    return [turn | {"text": turn.get("text") or texts[turn["fact"]]} for turn in found]


def test_there_are_enough_single_and_multi_turn(pack: Pack) -> None:
    rows = _lines("train/answers.jsonl")
    assert len(rows) + len(_lines("train/reading.jsonl")) >= 1500
    assert sum(len(row["turns"]) > 1 for row in rows) >= 100
    taught = {turn["fact"] for row in rows for turn in row["turns"]}
    assert taught == {fact.id for fact in pack.facts if fact.voice is not FactVoice.VERBATIM}


def test_every_answer_is_borne_out_by_its_text(turns: list[dict[str, Any]]) -> None:
    for turn in turns:
        if turn["answer"] is None:
            continue
        guard = SupportGuard(turn["text"], turn["question"], language=ENGLISH)
        shown = "".join(guard.feed(f"{word} ") for word in turn["answer"].split(" ")) + guard.finish()
        assert guard.verdict.ok, (turn["answer"], guard.verdict)
        assert shown.strip() == turn["answer"].strip()


def test_no_question_is_a_held_out_one(turns: list[dict[str, Any]]) -> None:
    names = ("messages", "questions", "robustness", "second")
    held_out = {fold(row["text"]) for name in names for row in _lines(f"eval/{name}.jsonl")}
    assert [turn["question"] for turn in turns if fold(turn["question"]) in held_out] == []


@pytest.mark.parametrize("name", ["questions", "second"])
def test_the_right_fact_meets_the_key_of_every_held_out_question(name: str, pack: Pack) -> None:
    texts = {fact.id: fact.text.lower() for fact in pack.facts}
    for row in _lines(f"eval/{name}.jsonl"):
        assert ("must" in row) == bool(row["facts"])
        if row["facts"]:
            assert all(any(one in texts[row["facts"][0]] for one in either) for either in row["must"]), row
            assert not any(word in texts[fact] for fact in row["facts"] for word in row["must_not"]), row


def test_the_pack_ships_an_adapter_of_the_served_model_with_its_thresholds_and_card() -> None:
    digest = sha256(SUPPORT / ADAPTER)
    assert read_metadata(SUPPORT / ADAPTER)[BASE_KEY] == SHIPPED_SHA256
    assert read_policy(SUPPORT / POLICY).made_for.local_model == digest[:16]
    assert digest in (SUPPORT / CARD).read_text()
