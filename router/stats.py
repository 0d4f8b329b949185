"""Shares with their uncertainty."""

from dataclasses import dataclass
from math import sqrt

_Z95 = 1.959964


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
        return (self.hits + _Z95**2 / 2) / (self.n + _Z95**2)

    @property
    def _half(self) -> float:
        spread = self.value * (1 - self.value) * self.n + _Z95**2 / 4
        return _Z95 * sqrt(spread) / (self.n + _Z95**2)

    def __str__(self) -> str:
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}], n = {self.n}"
