"""Quantiles of few figures."""

from collections.abc import Sequence


def quantile(figures: Sequence[float], share: float) -> float:
    """The figure that a share of them does not exceed (nearest rank); 0 where there is none."""
    ordered = sorted(figures)
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * share))]) if ordered else 0.0
