"""Calibrated probabilities from raw evidence: three conditional logits, fitted on out-of-fold scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats
from router.model.conditional_logit import fit_choice, softmax
from router.model.corpus import OUT_OF_SCOPE
from router.model.evidence import NO_FACT_FEATURES, Evidence

_FACT_FEATURES = 4
_LEAST_MASS = 1e-4  # of a category's facts, so that its logarithm stays finite


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights: `scope` (7,) over the scope features, `fact` (13,) over what `_fact_features` gives, `category`
    (2,) over what `_category_features` gives.
    """

    scope: Floats
    category: Floats
    fact: Floats

    def in_scope(self, evidence: Evidence) -> Floats:
        """P(the message is in scope), (m,)."""
        return softmax(_scope_features(evidence) @ self.scope)[:, 0]

    def facts(self, evidence: Evidence, fact_category: NDArray[np.int64]) -> Floats:
        """P(fact answers), (m, f + 1); the last column is "no fact", and each row sums to 1."""
        return softmax(_fact_features(evidence, fact_category) @ self.fact)

    def categories(self, evidence: Evidence, facts: Floats, fact_category: NDArray[np.int64]) -> Floats:
        """P(category | in scope), (m, c), given what `facts` says."""
        return softmax(_category_features(evidence, facts, fact_category) @ self.category)


def fit_calibration(
    evidence: Evidence,
    category: NDArray[np.int64],
    answers: NDArray[np.bool_],
    fact_category: NDArray[np.int64],
    strangers: Evidence | None = None,
) -> Calibration:
    """Fit on m out-of-fold rows: `category` (m,), `answers` (m, f + 1), all False where unknown.

    `strangers` are further messages out of scope; they teach scope only.
    """
    inside, known = category != OUT_OF_SCOPE, answers.any(axis=1)
    fact = _fit_facts(_fact_features(evidence, fact_category)[known], answers[known])
    likely = softmax(_fact_features(evidence, fact_category) @ fact)
    of_category = _category_features(evidence, likely, fact_category)[inside]
    right_category = np.eye(evidence.categories.shape[1], dtype=np.bool_)[category[inside]]
    scope, in_scope = _scope_features(evidence), np.stack([inside, ~inside], axis=1)
    if strangers is not None:
        scope = np.concatenate([scope, _scope_features(strangers)])
        in_scope = np.concatenate([in_scope, np.tile([False, True], (len(strangers.out_of_scope), 1))])
    return Calibration(fit_choice(scope, in_scope), fit_choice(of_category, right_category), fact)


def _fit_facts(features: Floats, answers: NDArray[np.bool_]) -> Floats:
    """The weights; without facts there is nothing to choose."""
    return fit_choice(features, answers) if answers.shape[1] > 1 else np.zeros(features.shape[2])


def _scope_features(evidence: Evidence) -> Floats:
    """(m, 2, 7): in scope, described by the scope features, against out of scope, described by zeros."""
    features = evidence.scope_features()
    return np.stack([features, np.zeros_like(features)], axis=1)


def _fact_features(evidence: Evidence, fact_category: NDArray[np.int64]) -> Floats:
    """(m, f + 1, 13): a fact has its two scores, its category's and its nearest message, "no fact" the features of its
    own.
    """
    rows, facts = evidence.facts.shape
    features = np.zeros((rows, facts + 1, _FACT_FEATURES + NO_FACT_FEATURES))
    features[:, :facts, 0] = evidence.facts
    features[:, :facts, 1] = evidence.categories[:, fact_category]
    features[:, :facts, 2] = evidence.spelled
    features[:, :facts, 3] = evidence.near_facts
    features[:, facts, _FACT_FEATURES:] = evidence.no_fact_features()
    return features


def _category_features(evidence: Evidence, facts: Floats, fact_category: NDArray[np.int64]) -> Floats:
    """(m, c, 2): a category's own score, and the logarithm of what its facts have of the probability."""
    member = np.zeros((len(fact_category), evidence.categories.shape[1]))
    member[np.arange(len(fact_category)), fact_category] = 1
    mass = np.log(np.einsum("mf,fc->mc", facts[:, :-1], member) + _LEAST_MASS)
    return np.stack([evidence.categories, mass], axis=2)
