"""Thresholds with a guarantee: "at most this share of what passes is wrong", with a stated confidence.

Learn then Test (Angelopoulos et al. 2022): every threshold of a grid is a hypothesis "more than the risk is wrong
here", tested by an exact binomial p-value from the surest messages down, the family of tests bounded by fixed-sequence
testing with two starts. Both come from MAPIE.

MAPIE's `BinaryClassificationController` itself is not used: it turns or keeps the order of the tests by the labels
(which must not decide it), counts an error too many where `n * risk` is not exact in floating point, and its default
procedure gives up when one threshold of the grid lets nothing through.
"""

from dataclasses import dataclass
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats
from router.errors import PolicyError
from router.policy.thresholds import floored
from router.stats import Share

_STARTS = (15, 30)  # per cent of the messages, the surest first, at which the tests begin
_STEPS = 30  # thresholds from one start to the next, and from the last start to all messages


@dataclass(frozen=True, slots=True)
class Promise:
    """What can be guaranteed for one score.

    `threshold` is None when the data do not suffice; then `local` and `observed` count nothing. `local` is the share
    of the `n` messages that pass, `observed` the share of those that are wrong. `needed` is the least number of
    labelled messages, none of the surest wrong, from which this risk can be promised at all.
    """

    threshold: float | None
    n: int
    risk: float
    confidence: float
    local: Share
    observed: Share
    needed: int

    @property
    def statement(self) -> str:
        """The promise, or why there is none, for people."""
        sure = f"with {per_cent(self.confidence)} confidence"
        if self.threshold is None:
            return (
                f"a risk of {per_cent(self.risk)} cannot be promised {sure} from {self.n} labelled messages; "
                f"{_lack(self.n, self.needed)}"
            )
        return (
            f"from {self.threshold:.4f} up, at most {per_cent(self.risk)} are wrong, {sure}; "
            f"observed: wrong {self.observed}; passing {self.local}."
        )


def promise(scores: Floats, right: NDArray[np.bool_], risk: float, confidence: float) -> Promise:
    """The lowest threshold of `scores` (n,) above which at most `risk` of the messages are wrong.

    - With probability `confidence` over the draw of the n messages, the share of wrong ones among all like them that
      reach the threshold is at most `risk`.
    - A higher risk, or a lower confidence, never gives a higher threshold.
    - No randomness: the same scores give the same threshold.

    Raises PolicyError when `risk` or `confidence` is not between 0 and 1.
    """
    needed, n = least_needed(risk, confidence), len(scores)
    threshold = _lowest(scores, right, risk, confidence) if n else None
    passing = scores >= (np.inf if threshold is None else threshold)
    return Promise(
        threshold=threshold,
        n=n,
        risk=risk,
        confidence=confidence,
        local=Share(int(passing.sum()), n),
        observed=Share(int((passing & ~right).sum()), int(passing.sum())),
        needed=needed,
    )


def least_needed(risk: float, confidence: float) -> int:
    """The least number of labelled messages, of distinct scores, from which `risk` can be promised.

    Enough messages, all right, must stand at the last start: (1 - risk) ** m at most its part of the error.
    """
    for name, value in (("risk", risk), ("confidence", confidence)):
        if not 0 < value < 1:
            raise PolicyError(f"The {name} is {value!r}.", "Give a number between 0 and 1, such as 0.05.")
    passing = ceil(log((1 - confidence) / len(_STARTS)) / log(1 - risk) - 1e-9)
    return (passing - 1) * 100 // _STARTS[-1] + 1


def per_cent(value: float) -> str:
    """A share to three digits, such as "2.5 %"."""
    return f"{100 * value:.3g} %"


def _lowest(scores: Floats, right: NDArray[np.bool_], risk: float, confidence: float) -> float | None:
    from mapie.risk_control import FWERFixedSequenceTesting, control_fwer  # type: ignore[import-untyped]

    thresholds = _grid(scores)
    passing = scores >= thresholds[:, None]
    counts, wrong = passing.sum(axis=1), (passing & ~right).sum(axis=1)
    kept = control_fwer(_p_values(wrong, counts, risk), 1 - confidence, FWERFixedSequenceTesting(len(_STARTS)))
    return float(thresholds[kept[-1]]) if len(kept) else None


def _grid(scores: Floats) -> Floats:
    """Thresholds, highest first, by how many of the messages pass: the labels have no say in it.

    As many lie before the second start as after it, which is where MAPIE begins. Equal scores give equal thresholds,
    whose tests repeat each other and cost nothing.
    """
    first, second = (start / 100 for start in _STARTS)
    shares = np.concatenate([np.linspace(first, second, _STEPS, endpoint=False), np.linspace(second, 1, _STEPS)])
    ranks = np.ceil(shares * len(scores) - 1e-9).astype(int)
    return np.array([floored(value) for value in np.sort(scores)[len(scores) - ranks]])


def _p_values(wrong: NDArray[np.int64], counts: NDArray[np.int64], risk: float) -> Floats:
    """P(so few wrong, or fewer) if `risk` of them were."""
    from mapie.risk_control.methods import (  # type: ignore[import-untyped]
        compute_hoeffding_bentkus_p_value,
    )

    rates = np.maximum(wrong - 1e-6, 0) / counts  # MAPIE rounds rate times count up: keep it from one too many
    values = compute_hoeffding_bentkus_p_value(rates, counts.astype(float), np.array([risk]), binary=True)
    return np.asarray(values[:, 0])


def _lack(n: int, needed: int) -> str:
    if n < needed:
        return f"at least {needed} are needed."
    return f"{needed} could be enough, were fewer of the surest wrong."
