"""Raw evidence into probabilities that mean what they say: three conditional logits, fitted out of fold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.choice import Floats, fit_choice, softmax
from router.corpus import EDGE
from router.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights: `scope` (6,) over the scope features, `category` (1,) over the category scores, `fact` (9,)
    over what `_fact_features` gives.
    """

    scope: Floats
    category: Floats
    fact: Floats

    def in_scope(self, evidence: Evidence) -> Floats:
        """P(some category covers the message), (m,)."""
        return softmax(_scope_features(evidence) @ self.scope)[:, 0]

    def categories(self, evidence: Evidence) -> Floats:
        """P(category | in scope), (m, c)."""
        return softmax(evidence.categories * self.category)

    def facts(self, evidence: Evidence, fact_category: NDArray[np.int64]) -> Floats:
        """P(fact answers), (m, f + 1); the last column is "no fact", and each row sums to 1."""
        return softmax(_fact_features(evidence, fact_category) @ self.fact)


def fit_calibration(
    evidence: Evidence,
    category: NDArray[np.int64],
    answers: NDArray[np.bool_],
    fact_category: NDArray[np.int64],
) -> Calibration:
    """Fit on m out-of-fold rows: `category` (m,), `answers` (m, f + 1), all False where unknown."""
    inside, known = category != EDGE, answers.any(axis=1)
    right_category = np.eye(evidence.categories.shape[1], dtype=np.bool_)[category[inside]]
    return Calibration(
        scope=fit_choice(_scope_features(evidence), np.stack([inside, ~inside], axis=1)),
        category=fit_choice(evidence.categories[inside, :, None], right_category),
        fact=fit_choice(_fact_features(evidence, fact_category)[known], answers[known]),
    )


def _scope_features(evidence: Evidence) -> Floats:
    """(m, 2, 6): in scope, described by the scope features, against out of scope, described by zeros."""
    features = evidence.scope_features()
    return np.stack([features, np.zeros_like(features)], axis=1)


def _fact_features(evidence: Evidence, fact_category: NDArray[np.int64]) -> Floats:
    """(m, f + 1, 9): a fact has its two log-probabilities and category score, "no fact" the scope features."""
    rows, facts = evidence.facts.shape
    scope = evidence.scope_features()
    features = np.zeros((rows, facts + 1, 3 + scope.shape[1]))
    features[:, :facts, 0] = evidence.facts
    features[:, :facts, 1] = evidence.categories[:, fact_category]
    features[:, :facts, 2] = evidence.spelled
    features[:, facts, 3:] = scope
    return features
