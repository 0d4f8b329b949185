"""Choose the policy's thresholds from labelled messages, and tell with what uncertainty."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats
from router.pack.load import Pack
from router.policy.policy import Policy
from router.stats import Share

_ROUND = 1e4
KEEP = 0.92  # share of the messages in scope that should be answered locally: 90 %, and room for chance


@dataclass(frozen=True, slots=True)
class Held:
    """Out-of-fold scores of m labelled messages, and whether each is in scope; all (m,)."""

    in_scope: Floats
    best_fact: Floats
    inside: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The two chosen thresholds, and their effect on the messages they were chosen on."""

    in_scope: float
    fact: float
    kept: Share
    escalated: Share


def choose_thresholds(held: Held, keep: float = KEEP) -> Thresholds:
    """The pair of thresholds that escalates most out-of-scope messages while at least `keep` of the others stay local.

    - `kept.value >= keep` whenever there is a message in scope.
    - No randomness: the same scores give the same thresholds.
    """
    candidates = [_with_fact_threshold(held, fact, keep) for fact in _fact_grid(held, keep)]
    return max(candidates, key=lambda found: (found.escalated.hits, found.kept.hits, -found.fact))


def default_policy(pack: Pack, thresholds: Thresholds) -> Policy:
    """The thresholds for every category, except where the pack sets its own."""
    chosen = {category.key: thresholds.in_scope for category in pack.categories}
    fact = thresholds.fact if pack.fact_threshold is None else pack.fact_threshold
    return Policy(chosen | pack.thresholds, fact)


def _fact_grid(held: Held, keep: float) -> list[float]:
    """Hundredths up to the highest that alone keeps enough."""
    most = highest_keeping(held.best_fact[held.inside], keep)
    return [step / 100 for step in range(int(most * 100) + 1)]


def _with_fact_threshold(held: Held, fact: float, keep: float) -> Thresholds:
    sure = held.best_fact >= fact
    scope = highest_keeping(np.where(sure, held.in_scope, 0.0)[held.inside], keep)
    local = sure & (held.in_scope >= scope)
    kept = Share(int((local & held.inside).sum()), int(held.inside.sum()))
    escalated = Share(int((~local & ~held.inside).sum()), int((~held.inside).sum()))
    return Thresholds(scope, fact, kept, escalated)


def highest_keeping(scores: Floats, keep: float) -> float:
    """The highest threshold, to four places, that at least `keep` of `scores` (n,) reach; 0 when there are none."""
    if not len(scores):
        return 0.0
    needed = max(1, ceil(keep * len(scores) - 1e-9))
    return floored(np.sort(scores)[len(scores) - needed])


def floored(value: float) -> float:
    """To four places, never up: what reached the value reaches the threshold."""
    return float(np.floor(value * _ROUND) / _ROUND)
