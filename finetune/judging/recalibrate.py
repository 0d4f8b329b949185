"""Thresholds for a release: as few wrong answers as can be, while most of the right ones are given.

Chosen on the out-of-fold scores of the pack's labelled messages, never on held-out questions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.pack.load import Pack
from router.policy.policy import Policy
from router.policy.thresholds import Thresholds, default_policy, highest_keeping
from router.stats import Share
from router.training.rows import Rows

KEEP = 0.75
"""Share of the labelled messages whose likeliest fact answers them that is to be answered locally."""
_HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """A policy, and what it does to the messages that it was chosen on.

    `kept`: of those whose likeliest fact answers, answered; `right`: of those that any fact answers, answered from one
    that does; `wrong`: of all that are answered, from a fact that does not answer.
    """

    policy: Policy
    kept: Share
    right: Share
    wrong: Share

    @property
    def statements(self) -> tuple[str, ...]:
        """For people; written into the policy file."""
        return (
            f"Chosen for as few wrong answers as can be while {KEEP:.0%} of the right ones are given.",
            f"Labelled messages that a fact answers, answered from one that does: {self.right}.",
            f"Of all answered, from a fact that does not answer: {self.wrong}.",
        )


def recalibrate(pack: Pack, rows: Rows, refused: NDArray[np.bool_], keep: float = KEEP) -> Recalibrated:
    """The pair of in-scope and fact threshold with the fewest wrong answers among those that keep `keep`.

    `refused` (m,) marks the rows whose best fact the model refuses to answer from: these are never answered. Where
    refusals alone lose more than `keep` allows, the laxest pair is taken. What the pack sets itself stands. No
    randomness: the same rows give the same thresholds.
    """
    said = ~refused
    best = _answered(rows, 0.0, 0.0, said)
    for fact in (step / _HUNDREDTHS for step in range(_HUNDREDTHS)):
        sure = said & (rows.best_fact >= fact)
        scope = highest_keeping(np.where(sure, rows.in_scope, 0.0)[rows.right_fact], keep)
        found = _answered(rows, fact, scope, sure)
        if found.kept.value >= keep and (found.wrong.hits, -found.kept.hits) < (best.wrong.hits, -best.kept.hits):
            best = found
    thresholds = Thresholds(best.scope, best.fact, best.kept, best.wrong)
    right = Share(best.kept.hits, int(rows.answerable.sum()))
    return Recalibrated(default_policy(pack, thresholds), best.kept, right, best.wrong)


@dataclass(frozen=True, slots=True)
class _Pair:
    fact: float
    scope: float
    kept: Share
    wrong: Share


def _answered(rows: Rows, fact: float, scope: float, sure: NDArray[np.bool_]) -> _Pair:
    local = sure & (rows.in_scope >= scope)
    kept = Share(int((local & rows.right_fact).sum()), int(rows.right_fact.sum()))
    return _Pair(fact, scope, kept, Share(int((local & ~rows.right_fact).sum()), int(local.sum())))
