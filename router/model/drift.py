"""Whether traffic is like the messages that thresholds were calibrated on: a classifier two-sample test.

Lopez-Paz and Oquab (2017): if a classifier tells two samples apart better than chance, they differ.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.arrays import Vectors

LEAST, MOST = 50, 500
"""Messages of each kind: fewer tell nothing, and of more a random sample is taken."""
SEED, FOLDS = 7, 5
SURE, PLAINLY = 0.01, 0.6
"""They differ where chance would tell them apart so well in at most 1 % of cases, and more than 60 % are."""


@dataclass(frozen=True, slots=True)
class Drift:
    """`told_apart` is the share of `n` messages, as many of each kind, that a classifier which did not see them puts
    down to the right kind; 0.5 is chance. `p` is the chance of so many where the kinds do not differ. `strangest`
    numbers the messages of the traffic that are least like the others.
    """

    told_apart: float
    n: int
    p: float
    strangest: NDArray[np.int64]

    @property
    def differs(self) -> bool:
        """Whether what was calibrated on the one says little of the other."""
        return self.p < SURE and self.told_apart > PLAINLY


def two_sample(calibration: Vectors, traffic: Vectors) -> Drift | None:
    """Compare unit vectors (n, d) and (m, d); None where either has too few. No randomness beyond a seed."""
    from scipy.stats import binomtest  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    count = min(len(calibration), len(traffic), MOST)
    if count < LEAST:
        return None
    rng = np.random.default_rng(SEED)
    chosen = rng.permutation(len(traffic))[:count]
    vectors = np.concatenate([calibration[rng.permutation(len(calibration))[:count]], traffic[chosen]])
    is_traffic = np.repeat([False, True], count)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    chance = cross_val_predict(LogisticRegression(), vectors, is_traffic, cv=folds, method="predict_proba")[:, 1]
    hits = int(((chance > 0.5) == is_traffic).sum())
    p = float(binomtest(hits, 2 * count, 0.5, alternative="greater").pvalue)
    return Drift(hits / (2 * count), 2 * count, p, chosen[np.argsort(-chance[count:], kind="stable")])
