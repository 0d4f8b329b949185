"""The pack that shows identity training: what its pairs teach, and that what it is measured on is not among them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from router.pack.load import Pack, load_pack
from router.pack.overlap import fold, taught
from router.types import FactVoice

PIP = Path("packs/pip")

# For each identity fact: what is asked, and what an answer must say.
PAIRS = {
    "identity.name": (r"^who r u|who you are|\bna?m|with whom", r"\bPip\b"),
    "identity.maker": (r"made you|who bu|created?\b|creator|company|chatgpt", r"[Tt]he ferry line's small team"),
    "identity.human": (r"human|bot\b|real person|robot|woman|alive", r"computer program"),
    "identity.skills": (r"can (you|u) do|of help|your job|^help$|stuff", r"\b[Ss]ailings\b.*\bfares?\b"),
    "identity.home": (r"^where (do|r)|data centre|^home|really are|on land", r"\bticket office\b"),
    "identity.languages": (r"language|german|french|español|^english", r"\bEnglish\b"),
    "identity.hello": (r"^(hello|hi|hey|good morning)\b|^how are you today|^hw r u", r"\bHello\b|\bAll is well\b"),
    "identity.feelings": (r"feel|lonely|happy|hurt|tired", r"\bno feelings\b"),
    "identity.thanks": (r"^thank|^thx|^cheers|thank you so|\bta$|a star", r"^You're (very )?welcome"),
    "identity.goodbye": (r"bye|^cu|^gotta|^good night|on my way", r"\bgoodbye\b|\bGoodbye\b"),
}
_HUMAN = re.compile(r"\bI('m| am) (also |only |just )?(an? )?(\w+ )?(human|person|man|woman|lady)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?]+(?:\s|$)")
_NOT_ITS_OWN = ("smollm", "hugging face", "openai", "chatgpt")


def _rows(name: str) -> list[dict[str, Any]]:
    text = (PIP / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else [json.loads(line) for line in text.splitlines()]


def _asked(instruction: str) -> list[str]:
    """The identity facts that a pair's instruction asks for."""
    return [fact for fact, (asks, _) in PAIRS.items() if re.search(asks, instruction.lower())]


def _meets(row: dict[str, Any], answer: str) -> bool:
    """Whether an answer meets the key of a held-out question."""
    said = answer.lower()
    return all(any(one in said for one in either) for either in row["must"]) and not any(
        word in said for word in row["must_not"]
    )


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PIP)


@pytest.fixture(scope="module")
def pairs() -> list[dict[str, str]]:
    return _rows("train/identity.json")


@pytest.fixture(scope="module")
def held_out() -> list[dict[str, Any]]:
    return _rows("eval/identity.jsonl")


def test_the_pack_loads_with_identity_free_and_the_ferry_grounded(pack: Pack) -> None:
    assert [category.key for category in pack.categories] == ["ferry", "identity"]
    assert {fact.id for fact in pack.facts if fact.voice is FactVoice.FREE} == set(PAIRS)
    assert not any(fact.voice is FactVoice.FREE for fact in pack.facts if fact.category == "ferry")
    assert all(len(fact.questions) >= 8 for fact in pack.facts)
    assert all(len(category.examples) >= 20 for category in pack.categories)
    assert len(pack.out_of_scope) >= 60
    assert "Pip" in pack.persona


def test_the_pairs_have_the_form_of_the_field_and_leave_the_persona_to_training(pairs: list[dict[str, str]]) -> None:
    assert 36 <= len(pairs) <= 100
    assert all(list(pair) == ["instruction", "input", "output"] for pair in pairs)
    assert all(pair["instruction"].strip() and pair["output"].strip() for pair in pairs)
    assert len({fold(pair["instruction"]) for pair in pairs}) == len(pairs)


def test_every_pair_asks_one_identity_fact_and_answers_it(pairs: list[dict[str, str]]) -> None:
    asked = {pair["instruction"]: _asked(pair["instruction"]) for pair in pairs}
    assert {text: facts for text, facts in asked.items() if len(facts) != 1} == {}
    wrong = [pair for pair in pairs if not re.search(PAIRS[asked[pair["instruction"]][0]][1], pair["output"])]
    assert wrong == []
    counts = {fact: sum(facts == [fact] for facts in asked.values()) for fact in PAIRS}
    assert {fact: count for fact, count in counts.items() if not 4 <= count <= 7} == {}


def test_every_answer_is_in_the_voice(pack: Pack, pairs: list[dict[str, str]]) -> None:
    for answer in (
        *(pair["output"] for pair in pairs),
        *(fact.text for fact in pack.facts if fact.voice is FactVoice.FREE),
    ):
        assert 1 <= len(_SENTENCE.findall(answer)) <= 2, answer
        assert len(answer.split()) <= 28, answer
        assert not _HUMAN.search(answer), answer
        assert not any(word in answer.lower() for word in _NOT_ITS_OWN), answer


@pytest.mark.parametrize("answer", ["I'm a human, of course.", "I am a real person!", "I'm only human."])
def test_a_claim_to_be_human_would_be_noticed(answer: str) -> None:
    assert _HUMAN.search(answer)


def test_no_held_out_question_is_taught(
    pack: Pack, pairs: list[dict[str, str]], held_out: list[dict[str, Any]]
) -> None:
    known = taught(pack.categories, pack.out_of_scope, pack.dialogues, pack.rules).keys() | {
        fold(pair["instruction"]) for pair in pairs
    }
    assert [row["text"] for row in held_out if fold(row["text"]) in known] == []
    assert len({fold(row["text"]) for row in held_out}) == len(held_out) == 50


def test_every_held_out_key_is_met_by_its_fact_and_by_no_model_of_another_name(
    pack: Pack, held_out: list[dict[str, Any]]
) -> None:
    texts = {fact.id: fact.text for fact in pack.facts}
    for row in held_out:
        assert row["category"] == row["facts"][0].partition(".")[0]
        assert _meets(row, texts[row["facts"][0]]), row
        assert all(word == word.lower() for either in (*row["must"], row["must_not"]) for word in either)
        assert not _meets(row, "I am SmolLM, a model of Hugging Face.")
    counts = {fact: sum(row["facts"] == [fact] for row in held_out) for fact in PAIRS}
    assert set(counts.values()) == {4}


def test_every_pair_meets_the_keys_of_its_fact(pairs: list[dict[str, str]], held_out: list[dict[str, Any]]) -> None:
    keys = {row["facts"][0]: row for row in held_out}
    missed = [pair for pair in pairs if not _meets(keys[_asked(pair["instruction"])[0]], pair["output"])]
    assert missed == []
