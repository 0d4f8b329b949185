"""P(the local model answers a message well): a logistic regression at run time, with numpy alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats, Vectors
from router.types import Scores

_LEAST = 1e-3  # probabilities are held this far from 0 and 1, so that their logits stay finite


@dataclass(frozen=True, slots=True)
class Judged:
    """m messages as the model sees them: `logits` (m, 3) of in scope, best fact and no fact; `category` and `fact` (m,)
    indices, -1 where the model does not know them; `vectors` (m, d) of unit length.
    """

    logits: Floats
    category: NDArray[np.int64]
    fact: NDArray[np.int64]
    vectors: Vectors

    def only(self, rows: NDArray[np.int64]) -> "Judged":
        """These rows, in this order."""
        return Judged(self.logits[rows], self.category[rows], self.fact[rows], self.vectors[rows])


@dataclass(frozen=True, slots=True)
class OutcomeModel:
    """`low` and `high` (3,) are the range of the logits that was learnt from, beyond which they count as its ends;
    `mean` and `scale` (3,) standardise them. The weights are `of_logits` (3,), `of_category` (c,), `of_fact` (f,) and
    `of_vector` (d,); `centre` (d,) is the mean vector. `slope` and `offset`
    make calibrated log odds of their sum. `unseen` (d, d) says how far a vector is from those learnt from, and
    `familiar` how near a common message is.

    Invariants: a chance lies from 0 to 1; of a message unlike all that was learnt from it is `base_rate`.
    """

    categories: tuple[str, ...]
    fact_ids: tuple[str, ...]
    base_rate: float
    slope: float
    offset: float
    familiar: float
    low: Floats
    high: Floats
    mean: Floats
    scale: Floats
    of_logits: Floats
    of_category: Floats
    of_fact: Floats
    centre: Floats
    of_vector: Floats
    unseen: Vectors

    def answers_well(self, scores: Scores, vector: Vectors) -> float:
        """The chance of a message with these scores and this unit vector (d,); some 70 µs."""
        best = scores.facts[0] if scores.facts else None
        judged = Judged(
            logits(np.array([[scores.in_scope, best.probability if best else 0.0, scores.no_fact]])),
            np.array([_index(self.categories, scores.category)]),
            np.array([_index(self.fact_ids, best.id if best else "")]),
            vector[None],
        )
        return float(self.chances(judged)[0])

    def chances(self, judged: Judged) -> Floats:
        """(m,): `base_rate`, and as much of the difference from it as the message is familiar."""
        learnt = sigmoid(self.log_odds(judged))
        return np.asarray(self.base_rate + self.familiarity(judged.vectors) * (learnt - self.base_rate))

    def log_odds(self, judged: Judged) -> Floats:
        """(m,): what the regression says, familiar or not."""
        shown = (np.clip(judged.logits, self.low, self.high) - self.mean) / self.scale
        total = np.vecdot(shown, self.of_logits) + np.vecdot(judged.vectors - self.centre, self.of_vector)
        total += _picked(self.of_category, judged.category) + _picked(self.of_fact, judged.fact)
        return np.asarray(self.slope * total + self.offset)

    def familiarity(self, vectors: Vectors) -> Floats:
        """(m,), 0 to 1: the share of a vector that ridge regression would have learnt, 1 from a common message's on.

        einsum, not a matrix product, for the reason in `Models.similarity`.
        """
        seen = 1 - np.vecdot(np.einsum("md,de->me", vectors, self.unseen), vectors)
        return np.asarray(np.clip(seen / self.familiar, 0, 1))


def logits(probabilities: Floats) -> Floats:
    """Log odds, held within reason."""
    held = np.clip(probabilities, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(held / (1 - held)))


def sigmoid(values: Floats) -> Floats:
    """Probabilities of log odds, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(values / 2)))


def _picked(weights: Floats, index: NDArray[np.int64]) -> Floats:
    """The weight of each index, 0 for -1."""
    return np.append(weights, 0.0)[index]


def _index(names: tuple[str, ...], name: str) -> int:
    return names.index(name) if name in names else -1
