"""Compare two evaluations of the same messages: differences with intervals, and the messages that changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from router.arrays import Floats
from router.errors import PackError
from router.evaluation.evaluate import Evaluation
from router.evaluation.labelled_case import Case, End
from router.plain import plain
from router.stats import Share, mcnemar, paired_interval

RESAMPLES = 2000
SEED = 7
_LEVEL = 0.05

_Predicate = Callable[[Case], bool]
_MEASURES: dict[str, tuple[_Predicate, _Predicate]] = {  # name: what counts, and of which messages
    "category_right": (lambda o: o.decision.category == o.message.category, lambda o: o.inside),
    "fact_right": (lambda o: o.right_fact, lambda o: o.inside and bool(o.message.facts)),
    "out_of_scope_recall": (lambda o: not o.local, lambda o: not o.inside),
    "kept": (lambda o: o.local, lambda o: o.inside),
    "answerable_kept": (lambda o: o.local, lambda o: o.inside and bool(o.message.facts)),
    "wrong": (lambda o: o.wrong_here, lambda o: o.local),
    "wrong_of_all": (lambda o: o.wrong_here, lambda _: True),
    "here": (lambda o: o.local, lambda _: True),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One share before and after, and `low` to `high`, the 95 % interval of `after - before`.

    Where the share is of the same messages in both, `gained` and `lost` are those on which the two differ, the
    interval is Bonett and Price's for paired shares (2012), and `p` is that of McNemar's exact test (1947). Otherwise
    these three are None, and the interval has the percentiles of 2,000 seeded resamples of the messages, each with
    both its decisions (Efron and Tibshirani 1993).
    """

    name: str
    before: Share
    after: Share
    low: float
    high: float
    gained: int | None
    lost: int | None
    p: float | None

    @property
    def value(self) -> float:
        """`after - before`."""
        return self.after.value - self.before.value

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero, and p, where there is one, is under 0.05."""
        return (self.low > 0 or self.high < 0) and (self.p is None or self.p < _LEVEL)


@dataclass(frozen=True, slots=True)
class Change:
    """A message whose route changed, or its fact if it stays local. `gain` is positive for the better and negative for
    the worse: a wrong local answer is the worst end, a needless cloud call the next.
    """

    before: Case
    after: Case

    @property
    def gain(self) -> int:
        """The step between the two ends."""
        return _rank(self.after) - _rank(self.before)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two evaluations of the same messages; `changes` are the better first, then the worse."""

    before: Evaluation
    after: Evaluation
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON-ready data: the policies, the differences, and the messages that changed."""
        return {
            "before": {"pack": self.before.pack, "policy": self.before.policy.version},
            "after": {"pack": self.after.pack, "policy": self.after.policy.version},
            "differences": [
                plain(difference) | {"value": round(difference.value, 4), "clear": difference.clear}
                for difference in self.differences
            ],
            "hybrid_usd": [round(e.cost.hybrid_usd, 4) for e in (self.before, self.after)],
            "changes": [_change(change) for change in self.changes],
        }


def compare(before: Evaluation, after: Evaluation) -> Comparison:
    """Compare. Raises PackError when the two are not of the same messages in the same order."""
    if [o.message for o in before.cases] != [o.message for o in after.cases]:
        hint = "Evaluate both on the same file."
        raise PackError("The two evaluations are of different messages, so they cannot be compared.", hint)
    draws = _draws(len(before.cases))
    differences = (_difference(name, before.cases, after.cases, draws) for name in _MEASURES)
    changes = [Change(*pair) for pair in zip(before.cases, after.cases, strict=True) if _changed(*pair)]
    order = sorted(changes, key=lambda change: (-(change.gain > 0), change.gain == 0, -abs(change.gain)))
    return Comparison(before, after, tuple(differences), tuple(order))


def _draws(n: int) -> Floats:
    """(resamples, n): how often each message is drawn."""
    return np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)


def _difference(name: str, before: Sequence[Case], after: Sequence[Case], draws: Floats) -> Difference:
    counts, of = _MEASURES[name]
    own = [np.array([of(case) for case in cases], dtype=np.bool_) for cases in (before, after)]
    hits = [rows & [counts(c) for c in cases] for rows, cases in zip(own, (before, after), strict=True)]
    first, second = (Share(int(hit.sum()), int(rows.sum())) for hit, rows in zip(hits, own, strict=True))
    if (own[0] == own[1]).all():
        gained, lost = int((hits[1] & ~hits[0]).sum()), int((hits[0] & ~hits[1]).sum())
        between = paired_interval(gained, lost, first.n)
        return Difference(name, first, second, *between, gained, lost, mcnemar(gained, lost))
    drawn = [(draws @ hit) / np.maximum(draws @ rows, 1) for hit, rows in zip(hits, own, strict=True)]
    low, high = np.percentile(drawn[1] - drawn[0], [2.5, 97.5])
    return Difference(name, first, second, float(low), float(high), None, None, None)


def _rank(case: Case) -> int:
    return 0 if case.wrong_here else 1 if case.end is End.MISSED else 2


def _changed(before: Case, after: Case) -> bool:
    if before.decision.route is not after.decision.route:
        return True
    return before.local and _given(before) != _given(after)


def _given(case: Case) -> str:
    return case.best.id if case.best else ""


def _change(change: Change) -> dict[str, Any]:
    return {
        "text": change.before.message.text,
        "category": change.before.message.category,
        "facts": list(change.before.message.facts),
        "routes": [case.decision.route.value for case in (change.before, change.after)],
        "best_facts": [_given(change.before), _given(change.after)],
        "gain": change.gain,
    }
