"""The area under the ROC curve with its uncertainty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.model.conditional_logit import Floats

_Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Auroc:
    """The chance that a positive is scored above a negative, and the 95 % interval of DeLong et al. (1988)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def auroc(score: Floats, positive: NDArray[np.bool_]) -> Auroc:
    """Of scores (m,), ties counting half; 0.5 from 0 to 1 where one kind is missing."""
    inside, outside = np.sort(score[positive]), np.sort(score[~positive])
    if not len(inside) or not len(outside):
        return Auroc(0.5, 0.0, 1.0)
    above, below = _share_below(inside, outside), 1 - _share_below(outside, inside)
    value = float(above.mean())
    spread = _Z95 * float(np.sqrt(_error(above) + _error(below)))
    return Auroc(value, max(0.0, value - spread), min(1.0, value + spread))


def _share_below(values: Floats, others: Floats) -> Floats:
    """For each value the share of the sorted `others` below it, equal ones by half."""
    ranks = np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")
    return np.asarray(ranks / (2 * len(others)))


def _error(placements: Floats) -> float:
    """Variance of the mean; none can be told from a single one."""
    return float(placements.var(ddof=1) / len(placements)) if len(placements) > 1 else 0.0
