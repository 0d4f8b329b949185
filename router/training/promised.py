"""A policy for a stated risk or local share: the guarantee of `policy/promise.py` for both levels of the router.

In scope: "wrong" is a message that is out of scope or another category's. Fact: "wrong" is a best fact that does not
answer. The fact is tested on all messages that reach the fact threshold, not only on those that reach the in-scope
thresholds too: those are chosen from the same labels, and to test within the choice would be to look twice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.errors import PolicyError
from router.model.train import MIN_TRAFFIC
from router.policy.policy import Policy
from router.policy.promise import Promise, least_needed, per_cent, promise
from router.policy.thresholds import Held, choose_thresholds, highest_keeping
from router.stats import Share
from router.training.build import Built, thresholds_of
from router.training.rows import Rows, rows_of

CONFIDENCE = 0.9
MIN_MESSAGES = 30  # of a category, to give it a threshold of its own for a local share
NOTHING = 1.0  # the threshold where nothing can be promised


@dataclass(frozen=True, slots=True)
class Levels:
    """The promises of one policy. They hold all together with the confidence asked for.

    `own` holds the categories, by number, that have enough messages to be tested alone.
    """

    own: dict[int, Promise]
    pooled: Promise
    fact: Promise

    def category(self, number: int) -> Promise:
        """The promise that a category stands under: its own if it has one, else that of all together."""
        own = self.own.get(number)
        return self.pooled if own is None or own.threshold is None else own

    def policy(self, keys: tuple[str, ...]) -> Policy:
        """The thresholds; where nothing can be promised, nothing passes."""
        thresholds = {key: _or_nothing(self.category(number)) for number, key in enumerate(keys)}
        return Policy(thresholds, _or_nothing(self.fact))


def promise_levels(rows: Rows, categories: int, risk: float, confidence: float) -> Levels:
    """Promises for `categories` categories and the fact, the error 1 - `confidence` split over all that are tested.

    Half of it goes to the fact, a quarter to the in-scope threshold of all categories together and a quarter to the
    categories that have messages enough to be tested alone; if none has, its quarter goes to all together. How many
    they are is read from counts, never from labels.
    """
    check_asked(risk, None, confidence)
    error = 1 - confidence
    alone = _alone(np.bincount(rows.category, minlength=categories), risk, error / 4)
    own = {number: _scope(rows, rows.category == number, risk, error / 4 / len(alone)) for number in alone}
    pooled = _scope(rows, np.ones_like(rows.inside), risk, error / 4 if alone else error / 2)
    fact = promise(rows.best_fact[rows.known], rows.right_fact[rows.known], risk, 1 - error / 2)
    return Levels(own, pooled, fact)


def choose(
    built: Built, *, risk: float | None = None, local: float | None = None, confidence: float = CONFIDENCE
) -> tuple[Policy, tuple[str, ...]]:
    """A policy and the statements about it: for a `risk`, for a `local` share, or the default one.

    Raises PolicyError when both are given, or one is not between 0 and 1.
    """
    check_asked(risk, local, confidence)
    keys, source = built.artefact.classifier.vocabulary.categories, _source(built)
    if risk is not None:
        levels = promise_levels(rows_of(built.corpus, built.trained), len(keys), risk, confidence)
        return levels.policy(keys), (*_told(levels, keys, confidence), *source)
    if local is not None:
        policy, said = local_policy(rows_of(built.corpus, built.trained), keys, local)
        return policy, (*said, *source)
    found = thresholds_of(built.corpus, built.trained)
    said = (
        f"No promise. In-scope messages kept local: {found.kept}.",
        f"Out-of-scope messages sent away: {found.escalated}.",
    )
    return built.artefact.policy, (*said, *source)


def check_asked(risk: float | None, local: float | None, confidence: float) -> None:
    """Check the arguments of `choose` before anything slow is done. Raises PolicyError."""
    if risk is not None and local is not None:
        raise PolicyError(f"A risk ({risk!r}) and a local share ({local!r}) are asked for.", "Ask for one of them.")
    for name, value in (("risk", risk), ("local share", local), ("confidence", confidence)):
        if value is not None and not 0 < value < 1:
            raise PolicyError(f"The {name} is {value!r}.", "Give a number between 0 and 1, such as 0.05.")


def local_policy(rows: Rows, keys: tuple[str, ...], local: float) -> tuple[Policy, tuple[str, ...]]:
    """The highest in-scope thresholds that keep `local` of the messages in scope, by category where it has enough.

    The fact threshold is the one that escalates most out-of-scope messages at that share.
    """
    fact = choose_thresholds(Held(rows.in_scope, rows.best_fact, rows.inside), local).fact
    scores = np.where(rows.best_fact >= fact, rows.in_scope, 0.0)
    pooled, thresholds, said = highest_keeping(scores[rows.inside], local), dict[str, float](), list[str]()
    for number, key in enumerate(keys):
        scored = scores[rows.inside & (rows.category == number)]
        enough = len(scored) >= MIN_MESSAGES
        thresholds[key] = highest_keeping(scored, local) if enough else pooled
        kept = Share(int((scored >= thresholds[key]).sum()), len(scored))
        source = "" if enough else "; the threshold is that of all categories together"
        said.append(f"In scope, {key}: from {thresholds[key]:.4f} up; kept local: {kept}{source}.")
    return Policy(thresholds, fact), (f"No promise of risk. Asked for: {per_cent(local)} kept local.", *said)


def _alone(sizes: NDArray[np.int64], risk: float, error: float) -> list[int]:
    """The most categories, largest first, that can each be tested at an equal part of `error`."""
    order = np.argsort(-sizes, kind="stable")
    fit = [k for k, number in enumerate(order, 1) if sizes[number] >= least_needed(risk, 1 - error / k)]
    return [int(number) for number in order[: max(fit, default=0)]]


def _scope(rows: Rows, chosen: NDArray[np.bool_], risk: float, error: float) -> Promise:
    return promise(rows.in_scope[chosen], rows.right_category[chosen], risk, 1 - error)


def _or_nothing(given: Promise) -> float:
    return NOTHING if given.threshold is None else given.threshold


def _told(levels: Levels, keys: tuple[str, ...], confidence: float) -> tuple[str, ...]:
    own = [n for n in range(len(keys)) if levels.category(n) is not levels.pooled]
    rest = ", ".join(keys[number] for number in range(len(keys)) if number not in own)
    said = [f"All promises below hold together with {per_cent(confidence)} confidence, for messages like these."]
    said += [f"In scope, {keys[number]}: {levels.own[number].statement}" for number in own]
    if rest:
        said.append(f"In scope, all categories together: {levels.pooled.statement}")
        said.append(f"In scope, {rest}: nothing can be promised for each alone. {_shared(levels.pooled)}")
    said.append(f"Fact: {levels.fact.statement}{_closed(levels.fact)}")
    return tuple(said)


def _shared(pooled: Promise) -> str:
    if pooled.threshold is None:
        return "Nothing passes."
    return "The threshold is that of all together: a promise for them together, not for each."


def _closed(given: Promise) -> str:
    return " Nothing passes." if given.threshold is None else ""


def _source(built: Built) -> tuple[str, ...]:
    if int(built.corpus.calibration.sum()) >= MIN_TRAFFIC:
        return ()
    return (f"From the pack's own messages, for want of {MIN_TRAFFIC} labelled ones: real traffic may differ.",)
