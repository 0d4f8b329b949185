"""Learn from outcomes which messages the current local model answers well.

The router's scores tell whether a message is in scope, not whether the model will word the answer well. That is learnt
here, from a few hundred local answers that people or guards judged.

**Selection bias.** An outcome exists only for a message that was answered locally and then judged. So the model
describes the messages that the current policy keeps local, and the people who give feedback: satisfied ones seldom do.
It can tell which local answers to escalate. It cannot tell what a laxer policy would let in: scores outside the range
seen are clipped to it, and the base rate is that of judged answers, not of all. Its own use also thins its data: now
and then, run with the threshold at 0 and learn again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from router.arrays import Vectors
from router.outcomes.fit import FOLDS, Lesson, Names, fit, log_losses
from router.outcomes.model import Judged, OutcomeModel, logits
from router.stats import Auroc, auroc
from router.text.clean import clean

SEED = 7
MIN_OUTCOMES, MIN_EACH = 100, 20
MAX_OUTCOMES = 2000  # the newest: older ones are of older models, and each adds to the time


class OutcomeSource(StrEnum):
    """Where a verdict came from."""

    FEEDBACK = "feedback"
    SECOND_LOOK = "second_look"
    ESCALATED = "escalated"


WEIGHTS = {
    OutcomeSource.FEEDBACK: 1.0,  # an explicit judgement
    OutcomeSource.ESCALATED: 0.7,  # a guard's judgement: it sees the wording alone
    OutcomeSource.SECOND_LOOK: 0.4,  # a good answer may be asked for again out of curiosity
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A message as it was scored, the scores at the time, and whether the local answer was good.

    `best_fact` is the probability of the fact `fact_id`, the likeliest.
    """

    text: str
    category: str
    fact_id: str
    in_scope: float
    best_fact: float
    no_fact: float
    good: bool
    source: OutcomeSource


@dataclass(frozen=True, slots=True)
class TooFew:
    """Too few outcomes to learn from, counted by distinct messages. `str()` says how many are needed."""

    outcomes: int
    good: int
    bad: int

    def __str__(self) -> str:
        return (
            f"{self.outcomes} outcomes ({self.good} good, {self.bad} bad) are too few: "
            f"{MIN_OUTCOMES} are needed, at least {MIN_EACH} of each kind."
        )


@dataclass(frozen=True, slots=True)
class Quality:
    """Cross-validated figures, choice of settings included. Log losses are nats an outcome, by weight."""

    outcomes: int
    good: int
    base_rate: float
    log_loss: float
    base_log_loss: float
    auroc: Auroc


class Embeds(Protocol):
    """What is needed of an encoder."""

    def encode(self, texts: list[str]) -> Vectors:
        """Unit vectors (len(texts), d)."""


def fit_outcomes(outcomes: Sequence[Outcome], encoder: Embeds) -> OutcomeModel | TooFew:
    """Learn from outcomes, oldest first: seconds for a few hundred.

    A logistic regression on the scores, category, fact and embedding, calibrated over folds. No randomness but the
    seeded folds.
    """
    read = _read(outcomes, encoder)
    return read if isinstance(read, TooFew) else fit(*read)


def cross_validate(outcomes: Sequence[Outcome], encoder: Embeds) -> Quality | TooFew:
    """How well `fit_outcomes` predicts unseen outcomes, by cross-validation. The choice of settings is made anew within
    each fold.
    """
    read = _read(outcomes, encoder)
    if isinstance(read, TooFew):
        return read
    lesson, names = read
    chance, base = np.zeros(len(lesson.good)), np.zeros(len(lesson.good))
    for fold in range(FOLDS):
        left = np.flatnonzero(lesson.folds == fold)
        model = fit(lesson.without(fold), names)
        chance[left], base[left] = model.chances(lesson.judged.only(left)), model.base_rate
    loss, base_loss = (np.average(log_losses(said, lesson.good), weights=lesson.weight) for said in (chance, base))
    return Quality(
        outcomes=len(lesson.good),
        good=int(lesson.good.sum()),
        base_rate=float(np.average(lesson.good, weights=lesson.weight)),
        log_loss=float(loss),
        base_log_loss=float(base_loss),
        auroc=auroc(chance, lesson.good),
    )


def too_few(outcomes: Sequence[Outcome]) -> TooFew | None:
    """None where the outcomes suffice."""
    good, bad = {one.text for one in outcomes if one.good}, {one.text for one in outcomes if not one.good}
    enough = len(good | bad) >= MIN_OUTCOMES and min(len(good), len(bad)) >= MIN_EACH
    return None if enough else TooFew(len(good | bad), len(good), len(bad))


def _read(outcomes: Sequence[Outcome], encoder: Embeds) -> tuple[Lesson, Names] | TooFew:
    newest = outcomes[-MAX_OUTCOMES:]
    few = too_few(newest)
    if few is not None:
        return few
    names = Names(tuple(sorted({one.category for one in newest})), tuple(sorted({one.fact_id for one in newest})))
    judged = Judged(
        logits(np.array([[one.in_scope, one.best_fact, one.no_fact] for one in newest])),
        np.array([names.categories.index(one.category) for one in newest]),
        np.array([names.fact_ids.index(one.fact_id) for one in newest]),
        encoder.encode([clean(one.text) for one in newest]),
    )
    weight = np.array([WEIGHTS[one.source] for one in newest])
    return Lesson(judged, np.array([one.good for one in newest]), weight, _folds(newest)), names


def _folds(outcomes: Sequence[Outcome]) -> NDArray[np.int64]:
    """(m,): one fold for all outcomes of a message; messages with a bad one are spread evenly, and so is the rest."""
    bad = {one.text for one in outcomes if not one.good}
    chance, fold = np.random.default_rng(SEED), dict[str, int]()
    for group in (sorted(bad), sorted({one.text for one in outcomes} - bad)):
        order = chance.permutation(len(group))
        fold |= {group[row]: number % FOLDS for number, row in enumerate(order)}
    return np.array([fold[one.text] for one in outcomes])
