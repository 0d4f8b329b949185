"""Answers next to each other: what differs comes first, the totals add up, and a verdict is a word."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatapp.reports.side_by_side import Cell, Column, Row, page_of, side_by_side_page
from finetune.judging.scoring import Verdict
from tests.reports.test_router_report import Page

MADE = datetime(2030, 1, 6, 10, 0, tzinfo=UTC)
RIGHT, WRONG, NONE = Verdict.RIGHT, Verdict.WRONG, Verdict.UNANSWERED
COLUMNS = (Column("base", "base model"), Column("tuned", "run <A>"))


def row(question: str, *verdicts: Verdict, fact: str = "Open until 18:30.") -> Row:
    cells = tuple(Cell("" if verdict is NONE else f"{question}, {verdict}", verdict) for verdict in verdicts)
    return Row(question, fact, "opening_hours", cells)


ROWS = (
    row("both right", RIGHT, RIGHT),
    row("only one", WRONG, RIGHT),
    row("both wrong", WRONG, WRONG),
    row("other one", RIGHT, NONE),
    row("both silent", NONE, NONE, fact=""),
)


def page(rows: tuple[Row, ...] = ROWS) -> str:
    return side_by_side_page(COLUMNS, rows, MADE, "Held-out questions")


def test_it_stands_by_itself() -> None:
    html = page()
    found = Page(html)
    assert "script" not in found.tags
    assert found.addresses == []
    assert len(found.ids) == len(set(found.ids))
    assert "@import" not in html
    assert "url(" not in html
    assert "prefers-color-scheme: dark" in html


def test_what_differs_comes_first() -> None:
    groups = page_of(COLUMNS, ROWS, MADE, "t").groups
    assert [(group.name, [row.question for row, _, _ in group.rows]) for group in groups] == [
        ("Where they differ: 2", ["only one", "other one"]),
        ("Where none is right: 2", ["both wrong", "both silent"]),
        ("Where all are right: 1", ["both right"]),
    ]
    assert re.findall(r"<h3>(.*?)</h3>", page()) == ["only one", "other one", "both wrong", "both silent", "both right"]


def test_totals() -> None:
    base, tuned = page_of(COLUMNS, ROWS, MADE, "t").totals
    assert [(count.verdict, count.count, count.width) for count in base.counts] == [
        ("right", 2, 40.0),
        ("wrong", 2, 40.0),
        ("unanswered", 1, 20.0),
    ]
    assert (tuned.right, tuned.interval) == ("40.0\u00a0%", "11.8–76.9\u00a0%, n\u00a0=\u00a05")


@pytest.mark.parametrize(
    ("rows", "lead"),
    [
        (ROWS, "The verdicts differ on 2 of 5 questions; these come first."),
        (ROWS[:1], "On all 1 questions the verdict is the same."),
        ((), "There is no question to compare."),
    ],
)
def test_the_lead_counts(rows: tuple[Row, ...], lead: str) -> None:
    assert page_of(COLUMNS, rows, MADE, "t").lead == lead
    Page(page(rows))


def test_every_answer_has_its_verdict_in_words() -> None:
    html = page()
    cells = re.findall(r'<li class="cell (\w+)">(.*?)</li>', html, re.DOTALL)
    assert len(cells) == 10
    for verdict, cell in cells:
        assert f"</svg>{verdict}</span>" in cell
        assert ("No answer." in cell) is (verdict == "unanswered")
    assert "opening hours: Open until 18:30." in html
    assert "no fact answers it" in html


def test_what_others_wrote_is_escaped() -> None:
    html = page((Row("<i>hi</i>", "a <b>", "", (Cell("<script>", WRONG, "<u>"), Cell("ok", RIGHT))),))
    Page(html)
    assert "&lt;i&gt;hi&lt;/i&gt;" in html
    assert "&lt;script&gt;" in html
    assert "run &lt;A&gt;" in html
    assert "<script>" not in html


def test_a_cell_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        page((row("one answer", RIGHT),))


rows = st.lists(st.builds(row, st.text(max_size=9), st.sampled_from(Verdict), st.sampled_from(Verdict)), max_size=12)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_no_row_is_lost_or_doubled(drawn: list[Row]) -> None:
    found = page_of(COLUMNS, drawn, MADE, "t")
    shown = [row for group in found.groups for row, _, _ in group.rows]
    assert sorted(map(id, shown)) == sorted(map(id, drawn))
    assert all(sum(count.count for count in total.counts) == len(drawn) for total in found.totals)
