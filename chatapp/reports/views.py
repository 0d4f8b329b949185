"""The context of the report's template, made from an evaluation. All text is for people."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from chatapp.reports.charts import reliability_chart, risk_chart
from chatapp.reports.words import (
    MEASURES,
    interval,
    label,
    percent,
    reading,
    shortened,
    topic,
    usd,
    value,
    whole_percent,
)
from router.evaluation.curves import Point
from router.evaluation.evaluate import Evaluation
from router.evaluation.labelled_case import ELSEWHERE, Case, End
from router.stats import Share
from router.types import OUT_OF_SCOPE_LABEL

_TILES = ("here", "wrong", "fact_right", "category_right", "out_of_scope_recall", "kept")
_RISKS = (0.05, 0.10, 0.20, 0.30)
_ENDS = {
    End.RIGHT: "Answered here, with the right fact",
    End.SENT: "Sent away, rightly: no fact here answers",
    End.MISSED: "Sent away, though a fact here answers",
    End.NO_FACT: "Answered here, though no fact answers",
    End.WRONG_FACT: "Answered here with another fact than the right one",
    End.OUT_OF_SCOPE: "Answered here, though it must not be",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A share in words, and for drawing in per cent: its value and both ends of its interval."""

    name: str
    of: str
    value: str
    interval: str
    at: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EndRow:
    """How many messages came to one end, in words."""

    name: str
    count: int
    percent: str
    width: float


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One category's figures."""

    name: str
    recall: Figure
    precision: Figure
    fact: Figure


@dataclass(frozen=True, slots=True)
class Cell:
    """A count of the confusion table, its share of the row from 0 to 1, and whether it is where it should be."""

    count: int
    share: float
    right: bool


@dataclass(frozen=True, slots=True)
class Message:
    """One message to read: its text, what it is, and what was made of it."""

    text: str
    is_: str
    read: str


@dataclass(frozen=True, slots=True)
class Page:
    """One evaluation, ready to print."""

    title: str
    lead: str
    about: tuple[tuple[str, str], ...]
    tiles: tuple[Figure, ...]
    ends: tuple[EndRow, ...]
    risk_chart: Markup
    reaches: tuple[tuple[str, str, str], ...]
    scope_chart: Markup
    fact_chart: Markup
    scope_error: str
    fact_error: str
    categories: tuple[CategoryRow, ...]
    columns: tuple[str, ...]
    confusion: tuple[tuple[str, tuple[Cell, ...]], ...]
    wrong_here: tuple[Message, ...]
    kept_out: tuple[Message, ...]
    costs: tuple[tuple[str, str, str], ...]
    assumptions: tuple[str, ...]
    times: str
    thresholds: tuple[tuple[str, str], ...]


def page_of(evaluation: Evaluation, data: str, made: datetime, other: Evaluation | None = None) -> Page:
    """The page; `data` names the messages, `other` is an evaluation whose curve is drawn beside this one's."""
    figures, curve = evaluation.figures, evaluation.curve
    now = Point(0.0, figures.here.value, figures.wrong)
    return Page(
        title=evaluation.title,
        lead=_lead(evaluation),
        about=_about(evaluation, data, made),
        tiles=tuple(figure(name, getattr(figures, name)) for name in _TILES),
        ends=_ends(evaluation),
        risk_chart=risk_chart(curve, now, other.curve if other else None),
        reaches=tuple((whole_percent(risk), *_reach(curve.reach(risk))) for risk in _RISKS),
        scope_chart=reliability_chart(evaluation.scope, "scope", "how sure the router was that it is in scope"),
        fact_chart=reliability_chart(evaluation.fact, "fact", "how sure the router was of the best fact"),
        scope_error=percent(evaluation.scope.error),
        fact_error=percent(evaluation.fact.error),
        categories=_categories(evaluation),
        columns=tuple(topic(column) for column in evaluation.confusion.columns),
        confusion=_confusion(evaluation),
        wrong_here=tuple(_message(case) for case in evaluation.wrong_here),
        kept_out=tuple(_message(case) for case in evaluation.kept_out),
        costs=_costs(evaluation),
        assumptions=evaluation.cost.prices.assumptions,
        times=f"{evaluation.times.p50_ms:.1f} ms; 95 of 100 are done within {evaluation.times.p95_ms:.1f} ms",
        thresholds=_thresholds(evaluation),
    )


def figure(name: str, share: Share) -> Figure:
    """A share by its field's name in `Figures`."""
    words, of = MEASURES[name]
    return _figure(words, of, share)


def _figure(name: str, of: str, share: Share) -> Figure:
    ends = (round(end * 100, 2) for end in (share.value, share.low, share.high))
    return Figure(name, of, value(share), interval(share), *ends)


def _lead(evaluation: Evaluation) -> str:
    """The report in three sentences, each from counts."""
    found, figures, n = evaluation.ends, evaluation.figures, len(evaluation.cases)
    here, right = figures.here.hits, found[End.RIGHT]
    given = f"Of {n:,} messages the router answers {here:,} here"
    if here:
        given += f", {right:,} of them with the right fact"
    out_of_scope = figures.out_of_scope_recall
    sent = (
        f" It sends away {out_of_scope.hits:,} of the {out_of_scope.n:,} that must not be answered here."
        if out_of_scope.n
        else ""
    )
    return f"{given}.{sent} {_saving(evaluation)}"


def _saving(evaluation: Evaluation) -> str:
    saved = evaluation.cost.saved
    if not evaluation.cost.all_cloud_usd:
        return "The cloud's price is set to nothing, so there is nothing to save."
    if saved < 0:
        return f"At the prices set, that costs {whole_percent(-saved)} more than sending everything to the cloud."
    return f"By estimate that saves {whole_percent(saved)} of what sending everything to the cloud would cost."


def _about(evaluation: Evaluation, data: str, made: datetime) -> tuple[tuple[str, str], ...]:
    inside = sum(case.inside for case in evaluation.cases)
    n = len(evaluation.cases)
    return (
        ("Pack", evaluation.pack),
        ("Policy", evaluation.policy.version),
        ("Messages", f"{data}: {n:,}, of which {inside:,} in scope and {n - inside:,} out of scope"),
        ("Made", f"{made:%-d %B %Y, %H:%M}"),
    )


def _ends(evaluation: Evaluation) -> tuple[EndRow, ...]:
    found, n = evaluation.ends, len(evaluation.cases)
    return tuple(
        EndRow(name, found[end], percent(found[end] / n), round(100 * found[end] / n, 2)) for end, name in _ENDS.items()
    )


def _reach(point: Point | None) -> tuple[str, str]:
    return (percent(point.coverage), whole_percent(point.threshold)) if point else ("–", "–")


def _categories(evaluation: Evaluation) -> tuple[CategoryRow, ...]:
    return tuple(
        CategoryRow(topic(row.key), *(_figure(row.key, "", s) for s in (row.recall, row.precision, row.fact_right)))
        for row in evaluation.categories
    )


def _confusion(evaluation: Evaluation) -> tuple[tuple[str, tuple[Cell, ...]], ...]:
    table = evaluation.confusion
    return tuple(
        (topic(row), tuple(_cell(row, *pair, sum(counts)) for pair in zip(table.columns, counts, strict=True)))
        for row, counts in zip(table.rows, table.counts, strict=True)
    )


def _cell(row: str, column: str, count: int, total: int) -> Cell:
    right = column == (ELSEWHERE if row == OUT_OF_SCOPE_LABEL else row)
    return Cell(count, round(count / total, 3) if total else 0.0, right)


def _message(case: Case) -> Message:
    return Message(shortened(case.message.text), label(case), reading(case))


def _costs(evaluation: Evaluation) -> tuple[tuple[str, str, str], ...]:
    cost = evaluation.cost
    between = f"{usd(cost.hybrid_low_usd)}\u00a0to\u00a0{usd(cost.hybrid_high_usd)}"
    return (
        ("All messages to the cloud", usd(cost.all_cloud_usd), ""),
        ("As routed", usd(cost.hybrid_usd), between),
        ("Saved", usd(max(0.0, cost.all_cloud_usd - cost.hybrid_usd)), whole_percent(max(0.0, cost.saved))),
    )


def _thresholds(evaluation: Evaluation) -> tuple[tuple[str, str], ...]:
    """One for all categories where they have the same."""
    policy = evaluation.policy
    by_category = ((f"in scope, {topic(key)}", percent(at)) for key, at in sorted(policy.thresholds.items()))
    values = set(policy.thresholds.values())
    scope = (("in scope", percent(values.pop())),) if len(values) == 1 else tuple(by_category)
    return (*scope, ("best fact", percent(policy.fact_threshold)))
