"""How a router does on labelled messages: shares with intervals, curves, times, cost, and the messages to read."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from router.errors import PackError
from router.evaluation.asking import Asking, asking
from router.evaluation.costs import Cost, Prices, cost_of
from router.evaluation.curves import Curve, Reliability, reliability, risk_coverage
from router.evaluation.labelled_case import ELSEWHERE, Case, End
from router.pack.labelled import Labelled
from router.pack.load import Pack
from router.plain import plain
from router.policy.policy import Policy
from router.router import Router
from router.stats import Share
from router.types import OUT_OF_SCOPE_LABEL, Circumstances, Mode

CONNECTED = Circumstances(Mode.HYBRID, cloud_connected=True)
WORST = 12  # messages to read, of each kind


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares, each of the messages that its name says.

    `category_right` of the in-scope messages, wherever they go; `fact_right` of those that a fact answers, and
    `fact_right_kept` of such kept; `out_of_scope_recall` of the out-of-scope messages; `kept` of those in scope,
    `answerable_kept` of those that a fact answers; `wrong` and `out_of_scope_kept` of what is answered here;
    `wrong_of_all` and `here` of all.
    """

    category_right: Share
    fact_right: Share
    fact_right_kept: Share
    out_of_scope_recall: Share
    kept: Share
    answerable_kept: Share
    wrong: Share
    out_of_scope_kept: Share
    wrong_of_all: Share
    here: Share


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts (rows, columns): the true category or `out_of_scope`, against the category a message is answered as here
    or `not answered here`. They sum to the number of messages.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """One category. `precision`: of what is answered here as this category, what belongs to it. `recall`: of its
    messages, those answered here as it. `fact_right`: of its messages that a fact answers, the right fact first.
    """

    key: str
    precision: Share
    recall: Share
    fact_right: Share


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one decision, on the machine that made them."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of one router on one list of messages."""

    pack: str
    title: str
    policy: Policy
    figures: Figures
    confusion: Confusion
    categories: tuple[CategoryFigures, ...]
    curve: Curve
    scope: Reliability
    fact: Reliability
    times: Times
    cost: Cost
    asking: Asking
    cases: tuple[Case, ...]

    @property
    def ends(self) -> dict[End, int]:
        """How many messages came to each end; they sum to the number of messages."""
        found = Counter(case.end for case in self.cases)
        return {end: found[end] for end in End}

    @property
    def wrong_here(self) -> tuple[Case, ...]:
        """Wrong local answers, the surest first."""
        return _worst((o for o in self.cases if o.wrong_here), lambda o: o.score)

    @property
    def kept_out(self) -> tuple[Case, ...]:
        """In scope and escalated, the surest first."""
        return _worst((o for o in self.cases if o.kept_out), lambda o: o.decision.in_scope)

    def as_json(self) -> dict[str, Any]:
        """JSON-ready data; `messages` holds every message with its decision, in the order given."""
        parts = ("figures", "confusion", "categories", "curve", "scope", "fact", "times", "cost", "ends")
        policy = {"version": self.policy.version, "thresholds": self.policy.thresholds}
        return {
            "pack": self.pack,
            "policy": plain(policy | {"fact_threshold": self.policy.fact_threshold}),
            "n": len(self.cases),
            **{part: plain(getattr(self, part)) for part in parts},
            "messages": [_as_json(case) for case in self.cases],
        }


def evaluate(router: Router, rows: Sequence[Labelled], prices: Prices) -> Evaluation:
    """Decide every message by itself, a cloud being connected, and count.

    A right fact that the router's pack lacks is never given. Raises PackError when there is no message, or when a
    message has a category that the pack lacks.
    """
    _check(router.pack, rows)
    router.decide(rows[0].text, (), CONNECTED)  # the first decision of a process is slow
    cases = tuple(Case(row, router.decide(row.text, (), CONNECTED)) for row in rows)
    return summarise(router.pack, router.policy, cases, prices)


def summarise(pack: Pack, policy: Policy, cases: tuple[Case, ...], prices: Prices) -> Evaluation:
    """The figures of what came out; `cases` holds at least one."""
    keys = tuple(category.key for category in pack.categories)
    figures = _figures(cases)
    p50, p95 = np.percentile([case.decision.elapsed_ms for case in cases], [50, 95])
    best = [case.best.probability if case.best else 0.0 for case in cases]
    return Evaluation(
        pack=pack.name,
        title=pack.title,
        policy=policy,
        figures=figures,
        confusion=_confusion(keys, cases),
        categories=tuple(_category(key, cases) for key in keys),
        curve=risk_coverage(cases),
        scope=reliability([o.decision.in_scope for o in cases], [o.inside for o in cases]),
        fact=reliability(best, [o.right_fact for o in cases]),
        times=Times(float(p50), float(p95)),
        cost=cost_of(figures.here, prices),
        asking=asking(cases, {fact.id: fact.title for fact in pack.facts if fact.title}),
        cases=cases,
    )


def _check(pack: Pack, rows: Sequence[Labelled]) -> None:
    if not rows:
        raise PackError("There is no message to evaluate.", "Give a file with labelled messages, one a line.")
    known = {category.key for category in pack.categories}
    strange = next((row for row in rows if row.category is not None and row.category not in known), None)
    if strange:
        what = f"The pack {pack.name!r} has no category {strange.category!r}, which {strange.text[:60]!r} belongs to."
        raise PackError(what, f"It has: {', '.join(sorted(known))}.")


def _figures(cases: Sequence[Case]) -> Figures:
    inside = [o for o in cases if o.inside]
    answerable = [o for o in inside if o.message.facts]
    local = [o for o in cases if o.local]
    return Figures(
        category_right=_share(o.decision.category == o.message.category for o in inside),
        fact_right=_share(o.right_fact for o in answerable),
        fact_right_kept=_share(o.right_fact for o in answerable if o.local),
        out_of_scope_recall=_share(not o.local for o in cases if not o.inside),
        kept=_share(o.local for o in inside),
        answerable_kept=_share(o.local for o in answerable),
        wrong=_share(o.wrong_here for o in local),
        out_of_scope_kept=_share(not o.inside for o in local),
        wrong_of_all=_share(o.wrong_here for o in cases),
        here=_share(o.local for o in cases),
    )


def _category(key: str, cases: Sequence[Case]) -> CategoryFigures:
    own = [o for o in cases if o.message.category == key]
    return CategoryFigures(
        key,
        precision=_share(o.message.category == key for o in cases if o.column == key),
        recall=_share(o.column == key for o in own),
        fact_right=_share(o.right_fact for o in own if o.message.facts),
    )


def _confusion(keys: tuple[str, ...], cases: Sequence[Case]) -> Confusion:
    rows, columns = (*keys, OUT_OF_SCOPE_LABEL), (*keys, ELSEWHERE)
    found = Counter((case.row, case.column) for case in cases)
    return Confusion(rows, columns, tuple(tuple(found[row, column] for column in columns) for row in rows))


def _share(hits: Iterable[bool]) -> Share:
    values = list(hits)
    return Share(sum(values), len(values))


def _worst(cases: Iterable[Case], key: Callable[[Case], float]) -> tuple[Case, ...]:
    return tuple(sorted(cases, key=key, reverse=True)[:WORST])


def _as_json(case: Case) -> dict[str, Any]:
    message, decision, best = case.message, case.decision, case.best
    return {
        "text": message.text,
        "category": message.category,
        "facts": list(message.facts),
        "route": decision.route.value,
        "read_as": decision.category,
        "in_scope": round(decision.in_scope, 4),
        "best_fact": best.id if best else None,
        "best_fact_probability": round(best.probability, 4) if best else 0.0,
        "end": case.end.value,
    }
