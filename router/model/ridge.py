"""Kernel ridge regression on landmarks: one factorisation scores categories, out of scope and facts alike.

Exact where every row is a landmark, the Nyström approximation where some are not (Williams and Seeger, NIPS 2000).
"""

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats, Vectors

LANDMARKS = 4000
GAMMA, ALPHA = 1.0, 0.3  # width of the RBF kernel on unit vectors and the ridge: see docs/routing.md
_JITTER = 1e-6


def kernel(similarity: Vectors) -> Vectors:
    """The RBF kernel of unit vectors with these cosines."""
    return np.asarray(np.exp(2 * GAMMA * (similarity - 1)))


class Ridge:
    """Regression of `targets` (n, t) on unit vectors (n, d), solved once for all rows or with some left out.

    `landmarks` are indices of rows; the model is a weight for each landmark and target.
    """

    def __init__(self, vectors: Vectors, targets: Floats, landmarks: NDArray[np.int64]) -> None:
        self._kernel = kernel(vectors @ vectors[landmarks].T).astype(np.float64)
        self._targets = targets
        self._gram = self._kernel.T @ self._kernel
        self._cross = self._kernel.T @ targets
        self._penalty = ALPHA * self._kernel[landmarks] + _JITTER * np.eye(len(landmarks))

    def weights(self, without: NDArray[np.int64] | None = None) -> Floats:
        """(landmarks, t): fitted on all rows but those in `without`."""
        from scipy.linalg import cho_factor, cho_solve  # type: ignore[import-untyped]

        gram, cross = self._gram + self._penalty, self._cross
        if without is not None:
            left = self._kernel[without]
            gram, cross = gram - left.T @ left, cross - left.T @ self._targets[without]
        return np.asarray(cho_solve(cho_factor(gram, overwrite_a=True), cross))

    def scores(self, rows: NDArray[np.int64], weights: Floats) -> Floats:
        """(m, t): what these weights say of these rows."""
        return np.asarray(self._kernel[rows] @ weights)
