"""Two views of the probabilities: risk against coverage, and reliability (are they calibrated?)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from router.evaluation.labelled_case import Case
from router.stats import Share

BINS = 10


@dataclass(frozen=True, slots=True)
class Point:
    """What one threshold on P(in scope) x P(best fact) does: the share answered here, and how much of it is wrong."""

    threshold: float
    coverage: float
    risk: Share


@dataclass(frozen=True, slots=True)
class Curve:
    """Risk against coverage (El-Yaniv and Wiener 2010), from the highest threshold to the lowest.

    - `coverage` rises strictly, within 0 to 1; messages of one score come in together.
    - `area` is the mean risk over the messages as they come in, 0 to 1; lower is better.
    """

    points: tuple[Point, ...]
    area: float

    def reach(self, risk: float) -> Point | None:
        """The point of most coverage at which no more than `risk` of the answers are wrong; None if there is none."""
        return next((point for point in reversed(self.points) if point.risk.value <= risk), None)


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages whose probability lies from `low` to `high`: their mean, and how often it came true."""

    low: float
    high: float
    mean: float
    came_true: Share


@dataclass(frozen=True, slots=True)
class Reliability:
    """Ten bins of equal width, those with messages only, and the expected calibration error (Naeini et al. 2015):
    the distance of `mean` from `came_true`, weighted by the messages of the bin; 0 to 1, 0 is best.
    """

    bins: tuple[Bin, ...]
    error: float


def risk_coverage(cases: Sequence[Case]) -> Curve:
    """The curve over all messages; those without any candidate fact cannot be answered here, so it ends before them."""
    able = sorted((o for o in cases if o.best), key=lambda case: -case.score)
    wrong = np.cumsum([not case.right_fact for case in able])
    last = [n for n in range(len(able)) if n + 1 == len(able) or able[n + 1].score < able[n].score]
    points = (Point(able[n].score, (n + 1) / len(cases), Share(int(wrong[n]), n + 1)) for n in last)
    area = float((wrong / np.arange(1, len(able) + 1)).mean()) if able else 0.0
    return Curve(tuple(points), area)


def reliability(probabilities: Sequence[float], came_true: Sequence[bool]) -> Reliability:
    """Bins of the probabilities, each 0 to 1, and of what came true."""
    values, hits = np.array(probabilities, dtype=np.float64), np.array(came_true, dtype=np.bool_)
    place = np.minimum((values * BINS).astype(np.int64), BINS - 1)
    bins = []
    for number in np.unique(place):
        own = place == number
        share = Share(int(hits[own].sum()), int(own.sum()))
        bins.append(Bin(number / BINS, (number + 1) / BINS, float(values[own].mean()), share))
    error = sum(abs(b.mean - b.came_true.value) * b.came_true.n for b in bins) / max(1, len(values))
    return Reliability(tuple(bins), float(error))
