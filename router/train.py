"""Train the classifiers of a pack: seconds on a laptop, the same result every time."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from router.calibration import Calibration, fit_calibration
from router.corpus import UNKNOWN, Corpus
from router.evidence import GAMMA, Evidence, Models, Vectors
from router.spelling import Letters, fit_spelling

SEED = 7
FOLDS = 5
ALPHA = 0.3  # ridge of the kernel; FACT_C the inverse ridge of the fact classifier: see docs/routing.md
FACT_C = 10.0
MIN_TRAFFIC = 100  # labelled messages from which they alone calibrate the probabilities


@dataclass(frozen=True, slots=True)
class Trained:
    """The models, their calibration, and the out-of-fold evidence that thresholds may be chosen on.

    `held` are the corpus rows that `evidence` is about, in order.
    """

    models: Models
    calibration: Calibration
    held: NDArray[np.int64]
    evidence: Evidence


def train(corpus: Corpus, vectors: Vectors, letters: Letters) -> Trained:
    """Train on all rows; calibrate on out-of-fold scores, of labelled traffic alone where it suffices."""
    import sklearn.linear_model  # noqa: F401  (first: only the BLAS already loaded can be limited)
    from threadpoolctl import threadpool_limits  # type: ignore[import-not-found, import-untyped, unused-ignore]

    held = traffic_rows(corpus)
    with threadpool_limits(1):  # small problems: more threads only wait for each other
        return _train(corpus, vectors, letters, held)


def _train(corpus: Corpus, vectors: Vectors, letters: Letters, held: NDArray[np.int64]) -> Trained:
    evidence = _out_of_fold(corpus, vectors, letters, held)
    calibration = fit_calibration(evidence, corpus.category[held], corpus.answers[held], corpus.fact_category)
    models = fit_models(corpus, vectors, letters, np.ones(len(vectors), np.bool_))
    return Trained(models, calibration, held, evidence)


def traffic_rows(corpus: Corpus) -> NDArray[np.int64]:
    """The rows that stand for real traffic: the calibration messages, or all when they are too few."""
    enough = corpus.calibration.sum() >= MIN_TRAFFIC
    return np.flatnonzero(corpus.calibration if enough else corpus.message)


def fit_models(corpus: Corpus, vectors: Vectors, letters: Letters, used: NDArray[np.bool_]) -> Models:
    """Fit on the rows marked in `used`."""
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.linear_model import LogisticRegression

    rows, category = vectors[used], corpus.category[used]
    targets = np.eye(int(corpus.category.max()) + 2)[category]  # EDGE, -1, marks the last column
    ridge = KernelRidge(alpha=ALPHA, kernel="rbf", gamma=GAMMA).fit(rows.astype(np.float64), targets)
    taught = used & (corpus.fact != UNKNOWN)
    logistic = LogisticRegression(C=FACT_C, tol=1e-3, max_iter=500).fit(vectors[taught], corpus.fact[taught])
    spelling = fit_spelling(letters[taught], corpus.fact[taught], len(corpus.fact_category))
    dual = np.ascontiguousarray(ridge.dual_coef_.T)
    return Models(rows, category, dual, logistic.coef_, logistic.intercept_, spelling)


def _out_of_fold(corpus: Corpus, vectors: Vectors, letters: Letters, held: NDArray[np.int64]) -> Evidence:
    """Evidence for the rows `held`, each from models that never saw it."""
    folds = _folds(corpus.category[held])
    parts: list[tuple[NDArray[np.int64], Evidence]] = []
    for fold in range(FOLDS):
        test = np.flatnonzero(folds == fold)
        used = np.ones(len(vectors), np.bool_)
        used[held[test]] = False
        models, unseen = fit_models(corpus, vectors, letters, used), vectors[held[test]]
        parts.append((test, models.evidence(unseen, models.similarity(unseen), letters[held[test]])))
    return _merge(parts)


def _folds(category: NDArray[np.int64]) -> NDArray[np.int64]:
    """A fold for each row, every category dealt out evenly and at random."""
    shuffled = np.random.default_rng(SEED).permutation(len(category))
    dealt = shuffled[np.argsort(category[shuffled], kind="stable")]
    folds = np.empty(len(category), dtype=np.int64)
    folds[dealt] = np.arange(len(category)) % FOLDS
    return folds


def _merge(parts: list[tuple[NDArray[np.int64], Evidence]]) -> Evidence:
    order = np.argsort(np.concatenate([test for test, _ in parts]))
    columns = {
        field.name: np.concatenate([getattr(evidence, field.name) for _, evidence in parts])[order]
        for field in fields(Evidence)
    }
    return Evidence(**columns)
