"""The ridge: exact where every row is a landmark, and honest about rows left out."""

import numpy as np
import pytest

from router.model.ridge import ALPHA, Ridge, kernel


def _data(rows: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((rows, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.eye(3)[rng.integers(3, size=rows)]


def test_with_every_row_a_landmark_it_is_kernel_ridge_regression() -> None:
    from sklearn.kernel_ridge import KernelRidge

    vectors, targets = _data()
    ridge = Ridge(vectors, targets, np.arange(len(vectors)))
    expected = KernelRidge(alpha=ALPHA, kernel="rbf", gamma=1.0).fit(vectors, targets).predict(vectors)
    assert ridge.scores(np.arange(len(vectors)), ridge.weights()) == pytest.approx(expected, abs=1e-3)


def test_rows_left_out_have_no_say() -> None:
    vectors, targets = _data()
    out, landmarks = np.arange(10), np.arange(10, 60)
    changed = targets.copy()
    changed[out] = 0
    same = (Ridge(vectors, labels, landmarks).weights(out) for labels in (targets, changed))
    assert next(same) == pytest.approx(next(same), abs=1e-8)
    rest = Ridge(vectors[10:], targets[10:], np.arange(50)).weights()
    assert Ridge(vectors, targets, landmarks).weights(out) == pytest.approx(rest, abs=1e-6)


def test_the_kernel_of_a_vector_with_itself_is_one() -> None:
    assert kernel(np.array([1.0, -1.0], np.float32)) == pytest.approx([1.0, np.exp(-4)])
