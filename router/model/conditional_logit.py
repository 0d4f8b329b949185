"""Conditional logit: the probability of each of several options, from a few numbers that describe it.

McFadden (1974). One weight vector for all options, so that a handful of weights calibrate hundreds of facts.
"""

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats

_RIDGE = 1e-3


def softmax(utility: Floats) -> Floats:
    """Probabilities along the last axis."""
    shifted = np.exp(utility - utility.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def log_softmax(utility: Floats) -> Floats:
    """Logarithms of `softmax`, without underflow."""
    shifted = utility - utility.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def fit_choice(features: Floats, right: NDArray[np.bool_]) -> Floats:
    """Weights (k,) that maximise the likelihood of a right option being chosen.

    `features` is (rows, options, k), `right` (rows, options) with at least one True a row. The weights are
    for the features as given; they are scaled inside, with a light ridge.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    scale = features.reshape(-1, features.shape[2]).std(axis=0) + 1e-9
    scaled = features / scale

    def loss(weights: Floats) -> tuple[float, Floats]:
        utility = scaled @ weights
        chosen = softmax(utility)
        wanted = softmax(np.where(right, utility, -np.inf))
        likelihood = np.log(np.maximum((chosen * right).sum(axis=1), 1e-300)).mean()
        gradient = ((chosen - wanted)[:, :, None] * scaled).sum(axis=1).mean(axis=0)
        return float(_RIDGE * weights @ weights - likelihood), gradient + 2 * _RIDGE * weights

    found: Floats = minimize(loss, np.zeros(features.shape[2]), jac=True, method="L-BFGS-B").x
    return np.asarray(found / scale)
