"""Raw scores of a message from the trained models, before calibration."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats, Vectors
from router.model.conditional_logit import log_softmax
from router.model.corpus import OUT_OF_SCOPE
from router.model.ngrams import Letters, log_likelihood
from router.model.ridge import kernel

SCOPE_FEATURES = 7
NO_FACT_FEATURES = SCOPE_FEATURES + 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """Raw scores of m messages: `categories` (m, c), `out_of_scope` (m,), `unanswerable` (m, c) and `facts` (m, f) from
    the ridge, `spelled` (m, f) as log-probabilities from the letters. `unanswerable` scores "of this category, and
    answered by none of its facts".

    `near_known`, `near_out_of_scope` and `near_unanswerable` (m,) are the cosines with the nearest training message in
    scope, out of it, and in scope without a fact that answers; `near_facts` (m, f) those with the nearest that each
    fact answers; -1 where there is none.
    """

    categories: Floats
    out_of_scope: Floats
    unanswerable: Floats
    facts: Floats
    spelled: Floats
    near_known: Floats
    near_out_of_scope: Floats
    near_unanswerable: Floats
    near_facts: Floats

    def scope_features(self) -> Floats:
        """(m, 7): the features that separate in-scope messages from the rest. The first column is constant."""
        columns = (
            np.ones_like(self.out_of_scope),
            self.categories.max(axis=1),
            self.out_of_scope,
            self.near_known,
            self.near_out_of_scope,
            self.facts.max(axis=1, initial=0.0),
            self.spelled.max(axis=1) if self.spelled.shape[1] else np.zeros_like(self.out_of_scope),
        )
        return np.stack(columns, axis=1)

    def no_fact_features(self) -> Floats:
        """(m, 9): the features that mark messages that no fact answers: the scope features, and two of near misses."""
        near_misses = (self.unanswerable.max(axis=1), self.near_unanswerable)
        return np.concatenate([self.scope_features(), np.stack(near_misses, axis=1)], axis=1)


@dataclass(frozen=True)
class Models:
    """The trained arrays.

    `rows` (n, d) are the training vectors, those in scope before those out of it; `category` (n,) their
    categories, `fact` (n,) the fact that answers each or UNKNOWN, and `unanswerable` (n,) marks those in scope that no
    fact answers; `landmarks` (l,) the rows that the ridge looks at and `dual` (l, 2c + 1 + f) its weights, in the order
    of `split_scores`; `spelling` (w, f) the second opinion from the letters.
    """

    rows: Vectors
    category: NDArray[np.int64]
    fact: NDArray[np.int64]
    unanswerable: NDArray[np.bool_]
    landmarks: NDArray[np.int64]
    dual: Vectors
    spelling: Letters

    @cached_property
    def known(self) -> int:
        """How many of the rows are in scope: the first ones."""
        return int((self.category != OUT_OF_SCOPE).sum())

    @cached_property
    def _facts(self) -> "Groups":
        return Groups.of(self.fact, self.spelling.shape[1])

    def similarity(self, vector: Vectors) -> Vectors:
        """Cosines (n,) of one message's vector (d,) with every training row.

        `vecdot`, not a matrix product: BLAS would split it over threads that then wait for the local model's.
        """
        return np.asarray(np.vecdot(self.rows, vector))

    def evidence(self, similarity: Vectors, letters: Letters) -> Evidence:
        """Raw scores of one message, given its cosines (n,) with the rows and its letters (w,)."""
        scores = np.einsum("l,lt->t", kernel(similarity[self.landmarks]), self.dual)[None].astype(np.float64)
        return Evidence(
            *split_scores(scores, self.spelling.shape[1]),
            spelled=spelled(letters[None], self.spelling),
            near_known=_nearest(similarity[: self.known]),
            near_out_of_scope=_nearest(similarity[self.known :]),
            near_unanswerable=_nearest(similarity[self.unanswerable]),
            near_facts=self._facts.nearest(similarity[None]),
        )


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows by what they belong to: `order` names them group by group, `present` (g,) the groups that have any and
    `starts` (g,) where each begins; there are `count` groups.
    """

    order: NDArray[np.int64]
    present: NDArray[np.int64]
    starts: NDArray[np.int64]
    count: int

    @classmethod
    def of(cls, group: NDArray[np.int64], count: int) -> Self:
        """By `group` (n,): 0, 1, … below `count`; rows of another number belong to none."""
        order = np.argsort(group, kind="stable")
        order = order[group[order] >= 0]
        present, starts = np.unique(group[order], return_index=True)
        return cls(order, present, starts, count)

    def nearest(self, similarity: Vectors) -> Floats:
        """(m, count): the highest of the cosines (m, n) within each group, -1 where it has no rows."""
        found = np.full((len(similarity), self.count), -1.0)
        if len(self.present):
            found[:, self.present] = np.maximum.reduceat(similarity[:, self.order], self.starts, axis=1)
        return found


def split_scores(scores: Floats, facts: int) -> tuple[Floats, Floats, Floats, Floats]:
    """The ridge's scores (m, 2c + 1 + f) as categories (m, c), out of scope (m,), unanswerable (m, c) and facts (m,
    f)."""
    categories = (scores.shape[1] - 1 - facts) // 2
    return (
        scores[:, :categories],
        scores[:, categories],
        scores[:, categories + 1 : 2 * categories + 1],
        scores[:, 2 * categories + 1 :],
    )


def spelled(letters: Letters, spelling: Letters) -> Floats:
    """(m, f): log-probabilities of the facts from the letters (m, w) alone."""
    return log_softmax(log_likelihood(letters, spelling)) if spelling.shape[1] else np.zeros((len(letters), 0))


def _nearest(similarity: Vectors) -> Floats:
    return np.array([similarity.max(initial=-1.0)], dtype=np.float64)
