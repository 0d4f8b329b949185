"""Answers against what they must and must not say; layers; agreement; the gate."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.errors import DataError, RunError
from finetune.judging.agreement import Agreement, Same, agreement, alike
from finetune.judging.evaluate import Evaluated, Evaluation, Row, read_evaluated, save_evaluation, serving
from finetune.judging.gate import Candidate, difference, judge
from finetune.judging.scoring import Question, Verdict, read_questions
from language.english import ENGLISH
from localmodel.errors import ReleaseError
from localmodel.prompt import REFUSAL
from router.pack.load import Pack

WINDOW = Question("how long?", "returns", ("returns.window",), (("60 days", "sixty days"), ("unused",)), ("30 days",))
NOBODY = Question("who owns you?", "account", ())


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("You have 60 days  for UNUSED goods.", Verdict.RIGHT),
        ("Sixty\u00a0days, unused.", Verdict.RIGHT),
        ("You have 60 days.", Verdict.WRONG),
        ("You have 160 days, unused.", Verdict.WRONG),
        ("You have 1,060 days, unused.", Verdict.WRONG),
        ("60 days, unused; in 130 days it is over.", Verdict.RIGHT),
        ("60 days for what is misunderstood as unworn.", Verdict.WRONG),
        ("60 days, unused, or 30 days.", Verdict.WRONG),
        (REFUSAL, Verdict.UNANSWERED),
        ("", Verdict.UNANSWERED),
    ],
)
def test_an_answer_is_held_against_its_key(answer: str, verdict: Verdict) -> None:
    assert WINDOW.score(answer) is verdict


def test_any_answer_to_what_no_fact_answers_is_wrong() -> None:
    assert NOBODY.score("A family.") is Verdict.WRONG
    assert NOBODY.score("") is Verdict.UNANSWERED


def test_the_packs_questions_are_read_and_their_facts_are_right(support: Pack) -> None:
    questions = read_questions(support.folder / "eval" / "questions.jsonl", support)
    texts = {fact.id: fact.text for fact in support.facts}
    answerable = [question for question in questions if question.facts]
    assert len(answerable) >= 250
    assert len(questions) - len(answerable) >= 80
    assert all(question.score(texts[question.facts[0]]) is Verdict.RIGHT for question in answerable)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "no questions"),
        ("{", "1: not JSON"),
        ({"text": "a", "category": "returns", "facts": ["returns.window"]}, "1: an answerable question without 'must'"),
        ({"text": "a", "category": "returns", "facts": [], "must": ["x"]}, "1: 'must' is"),
        ({"text": "a", "category": "nothing", "facts": []}, "1: unknown category"),
    ],
)
def test_malformed_questions_name_their_line(support: Pack, tmp_path: Path, line: object, said: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(line if isinstance(line, str) else json.dumps(line), encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_questions(path, support)
    with pytest.raises(DataError, match="cannot be read"):
        read_questions(tmp_path / "absent.jsonl", support)


def _row(question: Question, right: bool = True, answered: bool = True) -> Row:
    text = "60 days, unused" if right else "60 days"
    return Row(question, "returns.window", text if question.facts else "", text if answered else "")


GOOD = Evaluation((*[_row(WINDOW)] * 18, *[_row(WINDOW, right=False)] * 2, *[_row(NOBODY, answered=False)] * 5))
POOR = Evaluation(
    (*[_row(WINDOW)] * 15, *[_row(WINDOW, right=False)] * 5, *[_row(NOBODY)] * 2, *[_row(NOBODY, answered=False)] * 3)
)
ALIKE = Agreement(190, 5, 5)


def test_layers_are_counted_each_by_itself(tmp_path: Path) -> None:
    layers = GOOD.layers
    assert (layers.fact.hits, layers.wording.hits, layers.read_right.hits, layers.read_wrong.hits) == (20, 18, 18, 2)
    assert (layers.honest.hits, layers.honest.n) == (5, 5)
    assert GOOD.by_category.keys() == {"returns", "account"}
    save_evaluation(GOOD, tmp_path / "figures.json", made="today")
    said = json.loads((tmp_path / "figures.json").read_text())
    assert said["made"] == "today"
    assert Evaluation.from_json(said) == GOOD


def test_a_better_candidate_is_released_and_a_worse_one_is_not() -> None:
    found = judge(Candidate("new", GOOD, ALIKE, "t"), "old", POOR, "t")
    assert found.released, found
    back = judge(Candidate("old", POOR, ALIKE, "t"), "new", GOOD, "t")
    failed = {condition.name for condition in back.conditions if not condition.met}
    assert failed == {
        "right less wrong answers, of all questions",
        "wording right, given the right fact",
        "users read a wrong answer",
        "honest where no fact answers",
    }
    assert back.conditions[0].said.startswith("8 against 16 of 25: -32.0 points")
    assert "15 of 20 against 18 of 20: -15.0 points" in back.conditions[1].said
    json.dumps(back.as_json())


@pytest.mark.parametrize(
    ("candidate", "name"),
    [
        (Candidate("c", GOOD, Agreement(170, 5, 25), "t"), "agreement after quantisation"),
        (Candidate("c", GOOD, Agreement(100, 5, 0), "t"), "agreement after quantisation"),
        (Candidate("c", GOOD, ALIKE, "another"), "chat template"),
        (Candidate("c", POOR, ALIKE, "t"), "right less wrong answers, of all questions"),
    ],
)
def test_one_condition_alone_keeps_a_candidate_back(candidate: Candidate, name: str) -> None:
    found = judge(candidate, "old", POOR, "t")
    assert not found.released
    assert [condition.name for condition in found.conditions if not condition.met] == [name]


def test_thresholds_cannot_buy_right_answers_with_wrong_ones() -> None:
    careful = Evaluation(
        (*[_row(WINDOW)] * 18, *[_row(WINDOW, answered=False)] * 2, *[_row(NOBODY, answered=False)] * 5)
    )
    bold = Evaluation((*[_row(WINDOW)] * 19, _row(WINDOW, right=False), *[_row(NOBODY)] * 5))
    assert judge(Candidate("careful", careful, ALIKE, "t"), "bold", bold, "t").conditions[0].met
    found = judge(Candidate("bold", bold, ALIKE, "t"), "careful", careful, "t")
    assert not found.released
    assert "it must be better" in found.conditions[0].said


def test_where_users_read_as_much_the_better_wording_decides() -> None:
    made_good = Row(WINDOW, "returns.window", "60 days", "60 days, unused")
    rest = [*[_row(WINDOW)] * 19, *[_row(NOBODY, answered=False)] * 5]
    worse, better = Evaluation((made_good, *rest)), Evaluation((_row(WINDOW), *rest))
    found = judge(Candidate("better", better, ALIKE, "t"), "worse", worse, "t")
    assert found.released, found
    assert found.conditions[0].said.endswith("and of its own wording +5.0 points [+0.0, +15.0]")
    for one, other in ((worse, better), (better, better)):
        assert not judge(Candidate("c", one, ALIKE, "t"), "serves", other, "t").conditions[0].met


def test_an_evaluation_is_read_back_with_those_beside_it(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="was not evaluated"):
        read_evaluated(tmp_path)
    beside = {serving("pack"): POOR.as_json()}
    save_evaluation(GOOD, tmp_path / "figures.json", beside=beside, serves="pack", of={"pack": "ab12"})
    assert read_evaluated(tmp_path) == Evaluated(GOOD, {serving("pack"): POOR}, "pack", {"pack": "ab12"})
    (tmp_path / "figures.json").write_text('{"rows": []}')
    with pytest.raises(RunError, match=r"figures\.json is damaged: 'beside' is missing"):
        read_evaluated(tmp_path)


def test_a_gate_without_questions_or_with_other_ones_says_so() -> None:
    with pytest.raises(ReleaseError, match="asked different questions"):
        judge(Candidate("c", GOOD, ALIKE, "t"), "old", Evaluation(POOR.rows[1:]), "t")
    few = Evaluation(GOOD.rows[:3])
    with pytest.raises(ReleaseError, match="There are 3 held-out questions"):
        judge(Candidate("c", few, ALIKE, "t"), "old", few, "t")
    answered = judge(Candidate("c", Evaluation(GOOD.rows[:20]), ALIKE, "t"), "old", Evaluation(POOR.rows[:20]), "t")
    failed = [condition.said for condition in answered.conditions if not condition.met]
    assert failed == ["no held-out question is without a fact that answers it; write some"]
    none = Evaluation(())
    with pytest.raises(ReleaseError, match="There are 0 held-out questions"):
        judge(Candidate("c", none, ALIKE, "t"), "old", none, "t")


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_a_difference_lies_in_its_interval_and_turns_with_its_sides(pairs: list[tuple[bool, bool]]) -> None:
    new, old = [one for one, _ in pairs], [two for _, two in pairs]
    found, back = difference(new, old), difference(old, new)
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert found.value == pytest.approx(-back.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("You have 60 days.", "You have 60 days. ", Same.EXACT),
        ("You have 60 days to return it.", "You have 60 days to return them.", Same.SIMILAR),
        ("You have 60 days to return it.", "You have 30 days to return it.", Same.DIFFERENT),
        ("It can be returned within a week.", "It cannot be returned within a week.", Same.DIFFERENT),
        (
            "You can return opened boots within 60 days.",
            "You can't return opened boots within 60 days.",
            Same.DIFFERENT,
        ),
        ("Damage in the wash is covered by us.", "Damage in the wash isn’t covered by us.", Same.DIFFERENT),
        ("It takes two to three days to Norway.", "It takes five to three days to Norway.", Same.DIFFERENT),
        ("Damage in the wash is covered.", "Damage in the wash is hardly covered.", Same.DIFFERENT),
        ("Delivery costs 4.90 EUR.", "Call the desk.", Same.DIFFERENT),
    ],
)
def test_answers_are_exact_similar_or_different(one: str, other: str, same: Same) -> None:
    assert alike(one, other, ENGLISH) is same
    assert alike(other, one, ENGLISH) is same
    assert alike(one, other, None) is (Same.EXACT if same is Same.EXACT else Same.DIFFERENT)


@given(st.lists(st.text(max_size=20), max_size=10))
def test_every_prompt_is_counted_once_and_a_model_agrees_with_itself(texts: list[str]) -> None:
    found = agreement(texts, texts, ENGLISH)
    assert found == Agreement(len(texts), 0, 0)
    assert agreement(texts, texts[::-1], ENGLISH).n == len(texts)
    assert replace(found, different=1).share_different == pytest.approx(1 / (len(texts) + 1))
