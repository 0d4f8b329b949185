"""How a message is read, over a classifier that says what it is told."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from language.english import ENGLISH
from router.reader import Reader
from router.text.followup import DEFAULT, FollowUpModel
from router.types import Neighbour, ScoredFact, Scores

NEVER, ALWAYS = replace(DEFAULT, bias=np.array([-99.0])), replace(DEFAULT, bias=np.array([99.0]))
HOURS, PRICE = ScoredFact("faq.hours", "9 to 5.", 0.9), ScoredFact("faq.price", "2 euros.", 0.8)


class Told:
    """Encoder and classifier in one: in scope and facts by the words in a text."""

    def __init__(self) -> None:
        self.embedded: Counter[str] = Counter()

    def encode_one(self, text: str) -> np.ndarray:
        self.embedded[text] += 1
        return np.ones(4, np.float32) / 2

    def scores(self, text: str, vector: np.ndarray) -> Scores:
        facts = tuple(fact for word, fact in (("open", HOURS), ("cost", PRICE)) if word in text)
        if "very late" in text:
            facts = (replace(HOURS, probability=0.2),)
        scope = 0.1 if "poem" in text else 0.9 if facts else 0.4
        return Scores("faq", 1.0, scope, 0.1, facts, (Neighbour("x", "faq", 0.5),))


@pytest.fixture
def told() -> Told:
    return Told()


def _read(told: Told, message: str, turns: tuple[str, ...] = (), follow_up: FollowUpModel = NEVER) -> Scores:
    return Reader(told, told, follow_up, None, language=ENGLISH).scores(message, turns)  # type: ignore[arg-type]


def test_two_questions_have_a_fact_each_in_the_order_of_asking(told: Told) -> None:
    scores = _read(told, "what does it cost? and when do you open?")
    assert ([fact.id for fact in scores.facts], scores.asked) == (["faq.price", "faq.hours"], 2)


def test_a_message_is_as_sure_as_its_least_sure_question(told: Told) -> None:
    assert _read(told, "when do you open? can you write a poem?").in_scope == pytest.approx(0.1)


def test_one_fact_for_two_questions_counts_once_at_its_least(told: Told) -> None:
    for text in ("when do you open? are you open very late?", "are you open very late? when do you open?"):
        scores = _read(told, text)
        assert (scores.asked, scores.facts[0].probability) == (1, pytest.approx(0.2))


def test_several_questions_after_a_turn_are_each_read_with_it(told: Told) -> None:
    scores = _read(told, "on sundays too? and on holidays?", ("when do you open the doors",), ALWAYS)
    assert (scores.asked, scores.needs_context, scores.facts[0].id) == (1, True, "faq.hours")
    assert scores.in_scope == pytest.approx(0.9)


def test_a_courtesy_does_not_decide_a_long_message(told: Told) -> None:
    threat = "my lawyer will write a poem about you " * 9
    verbatim = frozenset({HOURS.id})
    reader = Reader(told, told, NEVER, None, verbatim, language=ENGLISH)  # type: ignore[arg-type]
    assert reader.scores(f"{threat}. Are you open to help me?", ()).in_scope == pytest.approx(0.1)


def _talk(told: Told, message: str) -> Scores:
    small_talk = frozenset({HOURS.id})
    reader = Reader(told, told, NEVER, None, small_talk, small_talk, language=ENGLISH)  # type: ignore[arg-type]
    return reader.scores(message, ())


def test_small_talk_is_answered_where_it_is_sure_and_all_that_is_said(told: Told) -> None:
    assert _talk(told, "open").facts == (HOURS,)
    assert _talk(told, "open, open!").facts == (HOURS,)


@pytest.mark.parametrize("message", ["open, what does it cost", "it does cost something - and open"])
def test_what_is_said_besides_small_talk_is_read_alone(told: Told, message: str) -> None:
    assert [fact.id for fact in _talk(told, message).facts] == ["faq.price"]


def test_small_talk_that_is_not_sure_is_none(told: Told) -> None:
    scores = _talk(told, "open very late")
    assert (scores.facts, scores.no_fact) == ((), pytest.approx(1.0))


def test_small_talk_does_not_answer_a_long_message(told: Told) -> None:
    assert _talk(told, "we came and found the door open " * 10).facts == ()


def test_a_second_question_that_leans_is_read_with_the_first(told: Told) -> None:
    text = "what does it cost to ship? and to Norway?"
    assert _read(told, text).in_scope == pytest.approx(0.4)
    assert _read(told, text, follow_up=ALWAYS).in_scope == pytest.approx(0.9)


def test_a_follow_up_is_read_with_the_message_before(told: Told) -> None:
    scores = _read(told, "and on sundays", ("when do you open",), ALWAYS)
    assert (scores.needs_context, scores.facts) == (True, (HOURS,))
    assert not _read(told, "and on sundays", ("when do you open",)).needs_context


def test_a_long_message_is_read_by_what_it_asks(told: Told) -> None:
    story = "I walked and walked the whole day. " * 12
    scores = _read(told, f"{story}When do you open? Many thanks and all the best.")
    assert scores.in_scope == pytest.approx(0.9)
    assert scores.facts == (replace(HOURS, probability=pytest.approx(0.9)),)


def test_quoted_lines_do_not_choose_the_fact(told: Told) -> None:
    quoted = "\n".join(["> the cost of the tent was agreed with you"] * 9)
    scores = _read(told, f"{quoted}\nwhen do you open please")
    assert scores.facts[0].id == "faq.hours"
    assert scores.facts[0].probability > scores.facts[1].probability


def test_without_words_there_is_nothing_in_scope(told: Told) -> None:
    assert _read(told, "?!").in_scope == 0


def test_no_text_is_embedded_twice(told: Told) -> None:
    _read(told, "and is it open later than six? or does it cost more?", ("when do you open",), ALWAYS)
    assert set(told.embedded.values()) == {1}
