"""The part of the report that compares two evaluations, ready to print."""

from dataclasses import dataclass

from chatapp.reports.views import Message
from chatapp.reports.words import MEASURES, ROUTES, label, points, shortened, topic, usd, value
from router.evaluation.compare import Change, Comparison, Difference
from router.evaluation.labelled_case import Case
from router.types import Route

SHOWN = 40


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One share in both; `clear` where the interval of the difference excludes zero."""

    name: str
    of: str
    before: str
    after: str
    difference: str
    sureness: str
    clear: bool


@dataclass(frozen=True, slots=True)
class ComparisonPart:
    """`name` says what it is compared with; `better`, `worse` and `alike` are the messages that changed, of which
    `count` is the number and at most 40 of each kind are shown.
    """

    name: str
    lead: str
    rows: tuple[DifferenceRow, ...]
    cost: tuple[str, str]
    count: int
    groups: tuple[tuple[str, tuple[Message, ...]], ...]


def part_of(comparison: Comparison, name: str) -> ComparisonPart:
    """The part; `name` is that of the evaluation compared with."""
    changes = comparison.changes
    better = [change for change in changes if change.gain > 0]
    worse = [change for change in changes if change.gain < 0]
    alike = [change for change in changes if change.gain == 0]
    groups = (("better", better), ("worse", worse), ("neither better nor worse", alike))
    return ComparisonPart(
        name=name,
        lead=_lead(len(changes), len(better), len(worse), len(comparison.after.cases)),
        rows=tuple(_row(difference) for difference in comparison.differences),
        cost=(usd(comparison.before.cost.hybrid_usd), usd(comparison.after.cost.hybrid_usd)),
        count=len(changes),
        groups=tuple((_heading(kind, len(own)), _messages(own)) for kind, own in groups if own),
    )


def _lead(changed: int, better: int, worse: int, n: int) -> str:
    if not changed:
        return f"All {n:,} messages go where they went, with the same fact."
    sides = f"{better:,} for the better, {worse:,} for the worse"
    return f"{changed:,} of {n:,} messages go elsewhere or get another fact: {sides}."


def _row(difference: Difference) -> DifferenceRow:
    name, of = MEASURES[difference.name]
    return DifferenceRow(
        name,
        of,
        value(difference.before),
        value(difference.after),
        points(difference.value),
        _sureness(difference),
        difference.clear,
    )


def _sureness(difference: Difference) -> str:
    """The interval and p of the difference, or that there is none."""
    if difference.gained == difference.lost == 0:
        return "no message differs"
    between = f"{points(difference.low)}\u00a0to\u00a0{points(difference.high)}"
    if difference.p is None:
        return between
    return f"{between}, p\u00a0{'<' if difference.p < 0.001 else '='}\u00a0{max(difference.p, 0.001):.2g}"


def _heading(kind: str, count: int) -> str:
    shown = f", the first {SHOWN} shown" if count > SHOWN else ""
    return f"Changed, {kind}: {count:,}{shown}"


def _messages(changes: list[Change]) -> tuple[Message, ...]:
    return tuple(
        Message(shortened(c.after.message.text), label(c.after), f"{_went(c.before)} → {_went(c.after)}")
        for c in changes[:SHOWN]
    )


def _went(case: Case) -> str:
    if case.decision.route is Route.LOCAL and case.best:
        return f"{ROUTES[Route.LOCAL]} as {topic(case.decision.category)} with {case.best.id}"
    return ROUTES[case.decision.route]
