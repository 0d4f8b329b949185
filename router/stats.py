"""Shares, their differences and areas under the curve, each with its uncertainty."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats

Z95 = 1.959964
"""Of the normal distribution, for every 95 % interval here."""


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n`, with the Wilson 95 % interval (Wilson 1927) from `low` to `high`; all 0 to 1."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share itself; 0 when there is nothing to count."""
        return self.hits / self.n if self.n else 0.0

    @property
    def low(self) -> float:
        """Lower end; 0 when there is nothing to count."""
        return max(0.0, self._centre - self._half) if self.n else 0.0

    @property
    def high(self) -> float:
        """Upper end; 1 when there is nothing to count."""
        return min(1.0, self._centre + self._half) if self.n else 1.0

    @property
    def _centre(self) -> float:
        return (self.hits + Z95**2 / 2) / (self.n + Z95**2)

    @property
    def _half(self) -> float:
        spread = self.value * (1 - self.value) * self.n + Z95**2 / 4
        return Z95 * sqrt(spread) / (self.n + Z95**2)

    def as_json(self) -> dict[str, Any]:
        """JSON-ready data, the share and its interval to four places."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {name: round(end, 4) for name, end in ends.items()} | {"hits": self.hits, "n": self.n}

    def __str__(self) -> str:
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}], n = {self.n}"


def mcnemar(gained: int, lost: int) -> float:
    """The two-sided exact p of `gained` against `lost` changes, were both as likely; 1 when there are none."""
    from scipy.stats import binomtest  # type: ignore[import-untyped]

    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def paired_interval(gained: int, lost: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a difference of two shares of the same `n` messages; -1 to 1 when there are none.

    Bonett and Price (2012), formula 3: a message more on either side keeps it honest where few differ.
    """
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = Z95 * sqrt((up + down - (up - down) ** 2) / (n + 2))
    return max(-1.0, up - down - half), min(1.0, up - down + half)


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
    spread = Z95 * float(np.sqrt(_error(above) + _error(below)))
    return Auroc(value, max(0.0, value - spread), min(1.0, value + spread))


def _share_below(values: Floats, others: Floats) -> Floats:
    """For each value the share of the sorted `others` below it, equal ones by half."""
    ranks = np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")
    return np.asarray(ranks / (2 * len(others)))


def _error(placements: Floats) -> float:
    """Variance of the mean; none can be told from a single one."""
    return float(placements.var(ddof=1) / len(placements)) if len(placements) > 1 else 0.0
