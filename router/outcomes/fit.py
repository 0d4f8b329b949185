"""Fit the outcome model: scikit-learn's logistic regression as it comes, and Platt's calibration over folds."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats, Vectors
from router.outcomes.model import Judged, OutcomeModel

FOLDS = 5
RIDGE = 1.0  # how many messages in one direction make it half familiar
COMMON = 0.25  # a message as familiar as this quantile of those learnt from is wholly so
_CLIP = (0.02, 0.98)
_UNPENALISED = 1e3


@dataclass(frozen=True, slots=True)
class Lesson:
    """m judged messages, whether each was answered well, what it weighs, and its fold of FOLDS; all (m,)."""

    judged: Judged
    good: NDArray[np.bool_]
    weight: Floats
    folds: NDArray[np.int64]

    def only(self, rows: NDArray[np.int64]) -> "Lesson":
        """These rows, in this order."""
        return Lesson(self.judged.only(rows), self.good[rows], self.weight[rows], self.folds[rows])

    def without(self, fold: int) -> "Lesson":
        """All but a fold."""
        return self.only(np.flatnonzero(self.folds != fold))


@dataclass(frozen=True, slots=True)
class Names:
    """The names behind the indices."""

    categories: tuple[str, ...]
    fact_ids: tuple[str, ...]


def fit(lesson: Lesson, names: Names) -> OutcomeModel:
    """The model, calibrated on what each fold's model says of the messages that it has not seen.

    One thread: for problems as small as these, several threads wait for each other on a busy machine.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        model = _regress(lesson, names)
        slope, offset = _platt(_out_of_fold(lesson, names), lesson)
        unseen, familiar = _familiarity(lesson.judged.vectors)
    return replace(model, slope=slope, offset=slope * model.offset + offset, unseen=unseen, familiar=familiar)


def log_losses(chance: Floats, good: NDArray[np.bool_]) -> Floats:
    """(m,): nats."""
    return np.asarray(-np.log(np.maximum(np.where(good, chance, 1 - chance), 1e-9)))


def _out_of_fold(lesson: Lesson, names: Names) -> Floats:
    """(m,): log odds before calibration, of a model that has not seen the message."""
    odds = np.zeros(len(lesson.good))
    for fold in np.unique(lesson.folds):
        left = np.flatnonzero(lesson.folds == fold)
        odds[left] = _regress(lesson.without(fold), names).log_odds(lesson.judged.only(left))
    return odds


def _platt(odds: Floats, lesson: Lesson) -> tuple[float, float]:
    """Slope and offset that calibrate out-of-fold log odds (Platt 1999); a slope under 0 is none at all."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=_UNPENALISED).fit(odds[:, None], lesson.good, sample_weight=lesson.weight)
    slope, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope > 0:
        return slope, offset
    rate = base_rate(lesson)
    return 0.0, float(np.log(rate / (1 - rate)))


def base_rate(lesson: Lesson) -> float:
    """The share of good outcomes, by weight, with one of each kind added (Laplace)."""
    return float((lesson.weight @ lesson.good + 1) / (lesson.weight.sum() + 2))


def _regress(lesson: Lesson, names: Names) -> OutcomeModel:
    """An uncalibrated model to which every message is familiar."""
    from sklearn.linear_model import LogisticRegression

    judged = lesson.judged
    low, high = np.quantile(judged.logits, _CLIP, axis=0)
    held = np.clip(judged.logits, low, high)
    mean, scale, centre = held.mean(axis=0), held.std(axis=0) + 1e-9, judged.vectors.mean(axis=0)
    sizes = [3, len(names.categories), len(names.fact_ids)]
    blocks = [(held - mean) / scale, _one_hot(judged.category, sizes[1]), _one_hot(judged.fact, sizes[2])]
    fitted = LogisticRegression(max_iter=1000)
    fitted.fit(np.hstack([*blocks, judged.vectors - centre]), lesson.good, sample_weight=lesson.weight)
    of_logits, of_category, of_fact, of_vector = np.split(fitted.coef_[0], np.cumsum(sizes))
    return OutcomeModel(
        categories=names.categories,
        fact_ids=names.fact_ids,
        base_rate=base_rate(lesson),
        slope=1.0,
        offset=float(fitted.intercept_[0]),
        familiar=1.0,
        low=low,
        high=high,
        mean=mean,
        scale=scale,
        of_logits=of_logits,
        of_category=of_category,
        of_fact=of_fact,
        centre=np.asarray(centre, dtype=np.float64),
        of_vector=of_vector,
        unseen=np.zeros((len(centre), len(centre)), dtype=np.float32),
    )


def _one_hot(index: NDArray[np.int64], size: int) -> Floats:
    return np.eye(size)[index]


def _familiarity(vectors: Vectors) -> tuple[Vectors, float]:
    """`unseen` and `familiar` of the model.

    `unseen` is the predictive variance of ridge regression in each direction: 1 where nothing was learnt. What is
    common is judged by leaving each message out (Sherman and Morrison 1950).
    """
    rows = vectors.astype(np.float64)
    unseen = RIDGE * np.linalg.inv(rows.T @ rows + RIDGE * np.eye(rows.shape[1]))
    leverage = np.vecdot(rows @ unseen, rows) / RIDGE
    alone = 1 - RIDGE * leverage / np.maximum(1 - leverage, 1e-9)
    return unseen.astype(np.float32), float(max(np.quantile(alone, COMMON), 0.05))
