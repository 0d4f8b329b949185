"""The labelled messages as thresholds are chosen on them: each scored by models that never saw it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats
from router.model.corpus import OUT_OF_SCOPE, Corpus
from router.model.train import Trained


@dataclass(frozen=True, slots=True)
class Rows:
    """Out-of-fold scores of m labelled messages, and what the labels say; all (m,).

    `category` is the category that the router gives, `right_category` whether the label says so too. `best` numbers the
    likeliest fact, `best_fact` is its probability and `right_fact` whether it answers; `answerable` says whether any
    fact does. `known` marks the rows of which the right facts are known, `inside` those in scope.
    """

    in_scope: Floats
    category: NDArray[np.int64]
    right_category: NDArray[np.bool_]
    best: NDArray[np.int64]
    best_fact: Floats
    right_fact: NDArray[np.bool_]
    answerable: NDArray[np.bool_]
    known: NDArray[np.bool_]
    inside: NDArray[np.bool_]

    def part(self, chosen: NDArray[np.int64]) -> "Rows":
        """Some of the rows, by their numbers."""
        return Rows(*(getattr(self, name)[chosen] for name in self.__slots__))


def rows_of(corpus: Corpus, trained: Trained) -> Rows:
    """The rows of the corpus that its models were calibrated on."""
    facts = trained.calibration.facts(trained.evidence, corpus.fact_category)
    categories = trained.calibration.categories(trained.evidence, facts, corpus.fact_category)
    facts = facts[:, :-1]  # the last is "no fact"
    category, answers = corpus.category[trained.held], corpus.answers[trained.held]
    given, best = categories.argmax(axis=1), facts.argmax(axis=1)
    return Rows(
        in_scope=trained.calibration.in_scope(trained.evidence),
        category=given,
        right_category=given == category,
        best=best,
        best_fact=np.asarray(facts.max(axis=1)),
        right_fact=answers[np.arange(len(best)), best],
        answerable=np.asarray(answers[:, :-1].any(axis=1)),
        known=np.asarray(answers.any(axis=1)),
        inside=category != OUT_OF_SCOPE,
    )
