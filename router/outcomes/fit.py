"""Fit the outcome model. Cross-validated log loss chooses its regularisation, and whether it uses the embedding."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats, Vectors
from router.outcomes.model import Judged, OutcomeModel, sigmoid

FOLDS = 5
PENALTIES = (0.1, 0.3, 1.0, 3.0)  # inverse strength of L2, scikit-learn's C
EMBEDDING = (1.0, 3.0)  # what unit vectors are multiplied by: a component of one is about 0.05
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


@dataclass(frozen=True, slots=True)
class _Setting:
    penalty: float
    embedding: float


@dataclass(frozen=True, slots=True)
class _Trial:
    """Out-of-fold log odds (m,) of a setting, before and after calibration, and the weighted log losses."""

    setting: _Setting
    slope: float
    offset: float
    losses: Floats


def fit(lesson: Lesson, names: Names) -> OutcomeModel:
    """The model of the best setting, calibrated. The embedding is used only if it lowers the out-of-fold log loss by
    more than the standard error of the difference.

    One thread: for problems as small as these, several threads wait for each other on a busy machine.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        return _fit(lesson, names)


def _fit(lesson: Lesson, names: Names) -> OutcomeModel:
    plain = _best(lesson, names, [_Setting(penalty, 0.0) for penalty in PENALTIES])
    rich = _best(lesson, names, [_Setting(penalty, scale) for scale in EMBEDDING for penalty in PENALTIES])
    gain = plain.losses - rich.losses
    chosen = rich if gain.mean() > gain.std() / np.sqrt(len(gain)) else plain
    model = _regress(lesson, names, chosen.setting)
    unseen, familiar = _familiarity(lesson.judged.vectors)
    offset = chosen.slope * model.offset + chosen.offset
    return replace(model, slope=chosen.slope, offset=offset, unseen=unseen, familiar=familiar)


def log_losses(chance: Floats, good: NDArray[np.bool_]) -> Floats:
    """(m,): nats."""
    return np.asarray(-np.log(np.maximum(np.where(good, chance, 1 - chance), 1e-9)))


def _best(lesson: Lesson, names: Names, settings: list[_Setting]) -> _Trial:
    return min((_trial(lesson, names, setting) for setting in settings), key=lambda trial: float(trial.losses.mean()))


def _trial(lesson: Lesson, names: Names, setting: _Setting) -> _Trial:
    odds = np.zeros(len(lesson.good))
    for fold in np.unique(lesson.folds):
        left = np.flatnonzero(lesson.folds == fold)
        odds[left] = _regress(lesson.without(fold), names, setting).log_odds(lesson.judged.only(left))
    slope, offset = _platt(odds, lesson)
    return _Trial(setting, slope, offset, log_losses(sigmoid(slope * odds + offset), lesson.good) * lesson.weight)


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


def _regress(lesson: Lesson, names: Names, setting: _Setting) -> OutcomeModel:
    """An uncalibrated model to which every message is familiar."""
    from sklearn.linear_model import LogisticRegression

    judged = lesson.judged
    low, high = np.quantile(judged.logits, _CLIP, axis=0)
    held = np.clip(judged.logits, low, high)
    mean, scale, centre = held.mean(axis=0), held.std(axis=0) + 1e-9, judged.vectors.mean(axis=0)
    sizes = [3, len(names.categories), len(names.fact_ids)]
    blocks = [(held - mean) / scale, _one_hot(judged.category, sizes[1]), _one_hot(judged.fact, sizes[2])]
    if setting.embedding:
        blocks.append((judged.vectors - centre) * setting.embedding)
    fitted = LogisticRegression(C=setting.penalty, max_iter=1000)
    fitted.fit(np.hstack(blocks), lesson.good, sample_weight=lesson.weight)
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
        of_vector=of_vector * setting.embedding if setting.embedding else np.zeros(len(centre)),
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
