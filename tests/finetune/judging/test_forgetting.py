"""General ability before and after: the questions are fair, the scores right, and lost and gained are told apart."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest  # type: ignore[import-untyped]

from finetune.errors import DataError
from finetune.judging.forgetting import (
    CONTEXT_TOKENS,
    OPTIONS,
    Choice,
    Kind,
    Likelihood,
    compare,
    likelihoods,
    parse_choices,
    read_choices,
    score,
)
from finetune.training.base import open_base
from localmodel.adapter import Adapter, write_adapter
from localmodel.errors import BaseModelError, ModelFileError
from localmodel.gguf_names import Layout
from localmodel.model_file import shipped_model
from router.stats import Share

CHANCE = 1 / OPTIONS
GOOD = {"kind": "words", "question": "Which?", "options": ["a", "b", "c", "d"], "answer": 2}
PROMPT = "Question: Which city is the capital of France?\nAnswer:"


def test_packaged_questions_are_150_of_six_kinds() -> None:
    choices = read_choices()
    assert Counter(choice.kind for choice in choices) == dict.fromkeys(Kind, 25)


def test_right_answers_stand_in_every_place_alike() -> None:
    choices = read_choices()
    for some in (choices, *([c for c in choices if c.kind is kind] for kind in Kind)):
        places = Counter(choice.answer for choice in some)
        assert set(places) == set(range(OPTIONS))
        assert max(places.values()) - min(places.values()) <= 1


def test_length_does_not_give_the_answer_away() -> None:
    choices = read_choices()
    longest = score(choices, lambda _, option: len(option))
    shortest = score(choices, lambda _, option: -len(option))
    for guessed in (longest, shortest):
        assert Share(sum(guessed), len(guessed)).low < CHANCE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "sport"}, "'kind' is 'sport': input should be 'knowledge', 'sense'"),
        ({"kind": ["words"]}, "'kind' is ['words']"),
        ({"question": " "}, "'question' is ' '"),
        ({"question": 7}, "'question' is 7"),
        ({"options": ["a", "b", "c"]}, "'options.3' is missing"),
        ({"options": ["a", "b", "c", "a"]}, "'options' is"),
        ({"options": ["a", "b", "c", ""]}, "'options.3' is ''"),
        ({"options": "abcd"}, "'options' is 'abcd'"),
        ({"answer": 4}, "'answer' is 4"),
        ({"answer": -1}, "'answer' is -1"),
        ({"answer": True}, "'answer' is True"),
    ],
)
def test_a_malformed_question_is_refused_with_its_line(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_choices("\n" + json.dumps(GOOD | change))
    assert caught.value.what.startswith("general.jsonl:2: ")
    assert said in caught.value.what
    assert caught.value.hint


@pytest.mark.parametrize("line", ["{", "[]", "7", '{"kind": "words"}'])
def test_what_is_no_question_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(DataError, match=r"general\.jsonl:1: "):
        parse_choices(line)


def test_a_question_said_twice_is_refused() -> None:
    with pytest.raises(DataError, match="2: the question 'Which\\?' a second time"):
        parse_choices(f"{json.dumps(GOOD)}\n{json.dumps(GOOD | {'answer': 1})}")


def test_no_questions_are_refused() -> None:
    with pytest.raises(DataError, match="no questions"):
        parse_choices("\n\n")


def test_score_asks_each_option_after_the_prompt() -> None:
    choice = Choice(Kind.WORDS, "Which?", ("a", "b", "c", "d"), 2)
    asked = []

    def uniform(prompt: str, continuation: str) -> float:
        asked.append((prompt, continuation))
        return -1.0

    assert score([choice], uniform) == (False,), "a tie is no knowledge"
    assert asked == [("Question: Which?\nAnswer:", f" {option}") for option in "abcd"]


@given(st.lists(st.floats(-99, 0), min_size=4, max_size=4, unique=True), st.integers(0, 3))
def test_score_is_right_where_the_right_option_is_likeliest(likely: list[float], answer: int) -> None:
    choice = Choice(Kind.SENSE, "Which?", ("a", "b", "c", "d"), answer)
    assert score([choice], lambda _, option: likely["abcd".index(option[1])]) == (likely[answer] == max(likely),)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_compare_tells_lost_from_gained(pairs: list[tuple[bool, bool]]) -> None:
    before, after = [one for one, _ in pairs], [other for _, other in pairs]
    found = compare(before, after)
    assert (found.before, found.after) == (Share(sum(before), len(pairs)), Share(sum(after), len(pairs)))
    assert found.after.hits - found.before.hits == found.gained - found.lost
    changed = found.lost + found.gained
    assert changed == sum(one != other for one, other in pairs)
    assert found.p == pytest.approx(binomtest(found.lost, changed, 0.5).pvalue if changed else 1.0)
    back = compare(after, before)
    assert (back.lost, back.gained, back.p) == (found.gained, found.lost, found.p)


def test_compare_refuses_scores_of_different_questions() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compare([True, False], [True])


@pytest.fixture(scope="module")
def shipped() -> Iterator[Likelihood]:
    with likelihoods(shipped_model()) as likelihood:
        yield likelihood


@pytest.mark.real
def test_the_shipped_model_is_clearly_above_chance(shipped: Likelihood) -> None:
    choices = [choice for kind in Kind for choice in [c for c in read_choices() if c.kind is kind][:4]]
    right = score(choices, shipped)
    assert len(right) == 24
    assert Share(sum(right), 24).low > CHANCE, f"{sum(right)} of 24"


@pytest.mark.real
def test_likelihoods_are_probabilities_that_chain(shipped: Likelihood) -> None:
    whole = shipped(PROMPT, " Paris is lovely")
    parts = shipped(PROMPT, " Paris"), shipped(f"{PROMPT} Paris", " is"), shipped(f"{PROMPT} Paris is", " lovely")
    assert whole == pytest.approx(sum(parts), abs=0.05)  # 16-bit sums in another order
    assert all(part < 0 for part in parts)
    assert shipped(PROMPT, " Paris") > shipped(PROMPT, " Lyon")


@pytest.mark.real
def test_a_likelihood_does_not_depend_on_what_was_asked_before(shipped: Likelihood) -> None:
    first = shipped(PROMPT, " Paris, of course")
    shipped(PROMPT, " a city of which much has been said and sung")
    assert shipped(PROMPT, " Paris, of course") == first
    shipped("Question: What is ice?\nAnswer:", " Water")
    assert shipped(PROMPT, " Paris, of course") == first


@pytest.mark.real
def test_a_text_beyond_the_context_is_refused(shipped: Likelihood) -> None:
    with pytest.raises(DataError, match="tokens, more than 512"):
        shipped("word " * CONTEXT_TOKENS, " end")


@pytest.mark.real
def test_an_adapter_changes_likelihoods_and_a_foreign_one_is_refused(shipped: Likelihood, tmp_path: Path) -> None:
    with likelihoods(shipped_model(), _adapter(tmp_path, wide=576)) as adapted:
        assert adapted(PROMPT, " Paris") != shipped(PROMPT, " Paris")
    with (
        pytest.raises(BaseModelError, match="made for another base"),
        likelihoods(shipped_model(), _adapter(tmp_path, wide=64)),
    ):
        pass


@pytest.mark.real
@pytest.mark.parametrize("text", [None, "no adapter"])
def test_a_missing_or_damaged_adapter_is_refused(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "adapter.gguf"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(BaseModelError, match="cannot be put over"), likelihoods(shipped_model(), path):
        pass


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"none\.gguf"), likelihoods(tmp_path / "none.gguf"):
        pass


def _adapter(folder: Path, wide: int) -> Path:
    """A random LoRA of rank 2 over one layer's q projection; it fits the shipped model where `wide` is 576."""
    rng, path = np.random.default_rng(5), folder / f"{wide}.gguf"
    base = open_base(shipped_model())
    a, b = (rng.normal(0, 0.5, shape).astype(np.float32) for shape in ((2, wide), (576, 2)))
    layout = Layout(base.vocabulary.metadata)
    base.vocabulary.close()
    pairs = {"blk.3.attn_q": (a, b)}
    write_adapter(Adapter(pairs, 4.0, 2), path, layout, name="random", base_sha256=base.sha256, form="")
    return path
