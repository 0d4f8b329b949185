"""What the trained models say of a message before calibration, from its embedding alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.choice import Floats, log_softmax
from router.corpus import EDGE
from router.spelling import Letters, log_likelihood

Vectors = NDArray[np.float32]
GAMMA = 1.0  # width of the RBF kernel on unit vectors; chosen by cross-validation, see docs/routing.md


@dataclass(frozen=True, slots=True)
class Evidence:
    """Raw scores of m messages: `categories` (m, c), `edge` (m,), `facts` and `spelled` (m, f) as
    log-probabilities, the one from the embedding, the other from the letters.

    `near_known` and `near_edge` (m,) are the cosines with the nearest training message in scope and out of
    it.
    """

    categories: Floats
    edge: Floats
    facts: Floats
    spelled: Floats
    near_known: Floats
    near_edge: Floats

    def scope_features(self) -> Floats:
        """(m, 6): what tells messages in scope from the rest. The first column is constant."""
        columns = (
            np.ones_like(self.edge),
            self.categories.max(axis=1),
            self.edge,
            self.near_known,
            self.near_edge,
            self.facts.max(axis=1),
        )
        return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True)
class Models:
    """The trained arrays: kernel ridge for category and edge, logistic regression for facts.

    `rows` (n, d) are the training vectors, `category` (n,) their categories, `dual` (c + 1, n) the kernel
    weights with edge last, `weights` (f, d) and `bias` (f,) the fact classifier, `spelling` (f, w) the second
    opinion from the letters. The products are `vecdot`,
    not matrix products: BLAS would split them over threads that then wait for the local model's.
    """

    rows: Vectors
    category: NDArray[np.int64]
    dual: Floats
    weights: Floats
    bias: Floats
    spelling: Letters

    def similarity(self, vectors: Vectors) -> Vectors:
        """Cosines (m, n) of the messages `vectors` (m, d) with every training row."""
        return np.asarray(np.vecdot(vectors[:, None, :], self.rows))

    def evidence(self, vectors: Vectors, similarity: Vectors, letters: Letters) -> Evidence:
        """Raw scores of the messages `vectors` (m, d), given what `similarity` and `spell` say of them."""
        near = np.exp(2 * GAMMA * (similarity.astype(np.float64) - 1))
        kernel = np.vecdot(near[:, None, :], self.dual)
        edge = self.category == EDGE
        return Evidence(
            categories=kernel[:, :-1],
            edge=kernel[:, -1],
            facts=log_softmax(np.vecdot(vectors[:, None, :].astype(np.float64), self.weights) + self.bias),
            spelled=log_softmax(log_likelihood(letters, self.spelling)),
            near_known=similarity[:, ~edge].max(axis=1).astype(np.float64),
            near_edge=similarity[:, edge].max(axis=1).astype(np.float64),
        )
