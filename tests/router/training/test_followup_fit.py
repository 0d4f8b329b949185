"""Learning from dialogues when a message needs context."""

import numpy as np

from language.english import ENGLISH
from router.arrays import Vectors
from router.pack.dialogues import Said
from router.pack.labelled import Labelled
from router.text.followup import signs
from router.training.followup_fit import MIN_FOLLOW_UPS, fit_follow_up, follow_ups
from router.types import Neighbour, ScoredFact, Scores

ONE = np.ones(1, np.float32)


def _said(text: str, needs_context: bool, closing: bool = False) -> Said:
    return Said(Labelled(text, "bread", ()), needs_context, closing)


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
