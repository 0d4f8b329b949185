"""The conditional logit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from router.model.conditional_logit import fit_choice, log_softmax, softmax

utilities = arrays(float, (3, 5), elements=st.floats(-700, 700))


@given(utilities)
def test_probabilities_sum_to_one(utility: np.ndarray) -> None:
    assert np.allclose(softmax(utility).sum(axis=1), 1)
    assert np.allclose(np.exp(log_softmax(utility)), softmax(utility))


def test_it_recovers_the_weights_that_made_the_choices() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(4000, 4, 2))
    chances = softmax(features @ np.array([2.0, -1.0]))
    chosen = np.array([rng.choice(4, p=row) for row in chances])
    weights = fit_choice(features, np.eye(4, dtype=bool)[chosen])
    assert np.allclose(weights, [2.0, -1.0], atol=0.15)


def test_any_of_several_right_options_will_do() -> None:
    features = np.tile(np.eye(3)[None], (10, 1, 1))
    right = np.tile(np.array([True, True, False]), (10, 1))
    chances = softmax(features @ fit_choice(features, right))
    assert chances[0, :2].sum() > 0.95
