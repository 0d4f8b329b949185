"""Answers of several models to the same questions, next to each other: one HTML file without scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chatapp.reports.words import interval, topic, value
from chatapp.web.templates import Templates
from finetune.judging.scoring import Verdict
from router.stats import Share


@dataclass(frozen=True, slots=True)
class Column:
    """A model. `note` says what it is: its file, its size, what was done to it."""

    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One model's answer, "" where it gave none, and the verdict on it; `note` says what a reader may want to know."""

    text: str
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A question, the text of the fact that it was to be answered from ("" for none), and an answer a column."""

    question: str
    fact: str
    category: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many of a column's answers got one verdict; `width` in per cent of all."""

    verdict: str
    count: int
    width: float


@dataclass(frozen=True, slots=True)
class Total:
    """A column's counts in the order right, wrong, unanswered, and its share of right answers in words."""

    column: Column
    right: str
    interval: str
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one kind, each with its category in words and one cell per column."""

    name: str
    note: str
    rows: tuple[tuple[Row, str, tuple[tuple[Column, Cell], ...]], ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The page, ready to print."""

    title: str
    lead: str
    about: tuple[tuple[str, str], ...]
    totals: tuple[Total, ...]
    groups: tuple[Group, ...]


def side_by_side_page(columns: Sequence[Column], rows: Sequence[Row], made: datetime, title: str) -> str:
    """The page as text: rows whose verdicts differ first, then those that none gets right, then the rest.

    Within a kind the order stays. Raises ValueError where a row has more or fewer cells than there are columns.
    """
    return Templates().render("side_by_side.html", page=page_of(columns, rows, made, title))


def page_of(columns: Sequence[Column], rows: Sequence[Row], made: datetime, title: str) -> SideBySide:
    """What the template is given."""
    paired = [(row, topic(row.category), tuple(zip(columns, row.cells, strict=True))) for row in rows]
    differ = [each for each in paired if _differs(each[0])]
    alike = [each for each in paired if not _differs(each[0])]
    kinds = (
        ("Where they differ", "One answers right where another does not, or fails in another way.", differ),
        (
            "Where none is right",
            "All answer wrong, or all leave it unanswered.",
            [each for each in alike if not _all_right(each[0])],
        ),
        ("Where all are right", "They may still say it differently.", [each for each in alike if _all_right(each[0])]),
    )
    return SideBySide(
        title=title,
        lead=_lead(len(rows), len(differ)),
        about=(("Questions", f"{len(rows):,}"), ("Made", f"{made:%-d %B %Y, %H:%M}")),
        totals=tuple(_total(column, [row.cells[at] for row in rows]) for at, column in enumerate(columns)),
        groups=tuple(Group(f"{name}: {len(own):,}", note, tuple(own)) for name, note, own in kinds if own),
    )


def _differs(row: Row) -> bool:
    return len({cell.verdict for cell in row.cells}) > 1


def _all_right(row: Row) -> bool:
    return all(cell.verdict == Verdict.RIGHT for cell in row.cells)


def _lead(rows: int, differ: int) -> str:
    if not rows:
        return "There is no question to compare."
    if not differ:
        return f"On all {rows:,} questions the verdict is the same."
    return f"The verdicts differ on {differ:,} of {rows:,} questions; these come first."


def _total(column: Column, cells: Sequence[Cell]) -> Total:
    found = {verdict: sum(cell.verdict == verdict for cell in cells) for verdict in Verdict}
    share = Share(found[Verdict.RIGHT], len(cells))
    width = 100 / max(1, len(cells))
    return Total(
        column,
        value(share),
        interval(share),
        tuple(Count(verdict.value, n, round(n * width, 2)) for verdict, n in found.items()),
    )
