"""The report stands by itself: one file, well formed, no script, no request, and words for every case."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from chatapp.reports.prices import estimated_prices
from chatapp.reports.router_report import router_report
from chatapp.reports.views import page_of
from chatapp.reports.words import points, shortened, usd
from chatapp.settings import Settings
from router.evaluation.compare import compare
from router.evaluation.costs import Prices
from router.evaluation.evaluate import summarise
from router.evaluation.labelled_case import Case
from router.pack.labelled import Labelled
from router.policy.policy import Policy
from tests.router.cases import KEYS, POLICY, any_cases, case, evaluation, pack, scores

MADE = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)
BAKED = Labelled("when do you <b>bake</b>", "bread", ("bread.baked",))
POEM = Labelled("a poem", None, ())
SURE, UNSURE = scores(0.95, ("bread.baked", 0.9)), scores(0.2, ("bread.baked", 0.4))
CASES = [case(BAKED, SURE), case(BAKED, UNSURE), case(POEM, SURE), case(POEM, UNSURE)] * 6
VOID = {"meta", "rect", "br", "link"}


class Page(HTMLParser):
    """Checks that what opens closes; collects ids, addresses and tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def report(cases: list[Case]) -> str:
    return router_report(evaluation(cases), data="messages.jsonl", made=MADE)


def test_it_stands_by_itself() -> None:
    html = report(CASES)
    page = Page(html)
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    assert all(address.startswith("#") and address[1:] in page.ids for address in page.addresses)
    assert set(re.findall(r"url\(#([^)]*)\)", html)) <= set(page.ids)
    assert "@import" not in html
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_what_others_wrote_is_escaped() -> None:
    html = report(CASES)
    assert "Small &amp; &lt;simple&gt;" in html
    assert "when do you &lt;b&gt;bake&lt;/b&gt;" in html
    assert "<simple>" not in html


def test_the_charts_are_drawings_in_the_colours_of_the_page() -> None:
    charts = re.findall(r'<svg class="chart".*?</svg>', report(CASES), re.DOTALL)
    assert len(charts) == 3
    for chart in charts:
        ElementTree.fromstring(chart.replace("xlink:href", "href"))
        assert 'role="img" aria-label="' in chart
        assert "var(--accent)" in chart
        assert not re.search(r"#[0-9a-f]{6}\b(?!-)", re.sub(r"(id|href)=\"[^\"]*\"|url\([^)]*\)", "", chart))
        assert "DejaVu" not in chart
        assert "<text" in chart


def test_the_same_evaluation_gives_the_same_report() -> None:
    found = evaluation(CASES)
    first, second = (router_report(found, data="m.jsonl", made=MADE) for _ in range(2))
    assert first == second


def test_the_lead_counts() -> None:
    page = page_of(evaluation(CASES), "messages.jsonl", MADE)
    assert page.lead.startswith("Of 24 messages the router answers 12 here, 6 of them with the right fact.")
    assert "It sends away 6 of the 12 that must not be answered here." in page.lead
    assert ("Messages", "messages.jsonl: 24, of which 12 in scope and 12 out of scope") in page.about
    assert page.thresholds == (("in scope", "50.0\u00a0%"), ("best fact", "30.0\u00a0%"))
    assert [row.count for row in page.ends] == [6, 6, 6, 0, 0, 6]


def test_thresholds_that_differ_are_named() -> None:
    policy = Policy({"bread": 0.5, "hours": 0.6}, 0.3)
    page = page_of(evaluation([case(BAKED, SURE, policy)], policy), "m", MADE)
    assert [name for name, _ in page.thresholds] == ["in scope, bread", "in scope, hours", "best fact"]


@pytest.mark.parametrize(
    ("local", "cloud", "said"),
    [(0.001, 0.0, "nothing to save"), (0.002, 0.001, "% more than"), (0.0, 0.001, "saves 50\u00a0%")],
)
def test_what_is_said_of_cost(local: float, cloud: float, said: str) -> None:
    found = summarise(pack(), POLICY, tuple(CASES), Prices(local, cloud))
    assert said in page_of(found, "m", MADE).lead


@settings(max_examples=8, deadline=None)
@given(any_cases)
def test_any_evaluation_can_be_printed(cases: list[Case]) -> None:
    Page(report(cases))


def test_a_comparison() -> None:
    strict = Policy(dict.fromkeys(KEYS, 0.99), 0.3)
    rows = [(c.message, SURE if c.local else UNSURE) for c in CASES]
    after = evaluation([case(*row, strict) for row in rows], strict)
    comparison = compare(evaluation(CASES), after)
    html = router_report(after, data="m", made=MADE, comparison=comparison, compared_with="old.toml")
    Page(html)
    assert "Compared with old.toml" in html
    assert "12 of 24 messages go elsewhere or get another fact: 6 for the better, 6 for the worse." in html
    assert "answered here as bread with bread.baked → sent to the cloud" in html
    assert "no message differs" in html
    same = router_report(after, data="m", made=MADE, comparison=compare(after, after), compared_with="old.toml")
    assert "All 24 messages go where they went, with the same fact." in same


def test_figures_in_words() -> None:
    assert [points(value) for value in (0.123, -0.05, 0.0, -0.0001)] == ["+12.3", "−5.0", "0.0", "0.0"]
    assert [usd(value) for value in (0, 12.5, 0.5251, 0.00022)] == ["$0.00", "$12.50", "$0.525", "$0.00022"]
    assert shortened("a\n b") == "a b"
    assert shortened("long " * 100).endswith("long …")


def test_prices_are_those_of_the_settings() -> None:
    dear = Settings(cloud_price_input=1, cloud_price_output=10, local_hourly_usd=3.6)
    prices = estimated_prices(dear)
    assert prices.cloud_usd == pytest.approx(900e-6 + 1500e-6)
    assert prices.local_usd == pytest.approx(0.8e-3)
    assert "$10.00 a million" in " ".join(prices.assumptions)
