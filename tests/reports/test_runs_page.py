"""The page of runs stands by itself, says what there is to say of any runs, and invents nothing where there is none."""

import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatapp.reports.curves_chart import losses, run_chart, runs_chart, top_of
from chatapp.reports.runs_page import DRAWN, letters, page_of, runs_page
from finetune.training.loss_reading import Point
from finetune.training.run_folder import Run, read_run, read_runs
from tests.finetune.runfolders import described, fall, figures, outcome, write_run
from tests.reports.test_router_report import Page

MADE = datetime(2030, 1, 6, 10, 0, tzinfo=UTC)
BLOWN = [Point(0, 90, 0.0, held_out_loss=0.7), Point(10, 90, 0.2, loss=7.5), Point(20, 90, 0.4, loss=math.nan)]
FAILED = outcome("failed", reading=None, peak_memory_bytes=None, disk_bytes=None)


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Run, ...]:
    """From the newest: one going on, one that blew up, two that are done."""
    good = figures(200, wording=150, read_right=160, read_wrong=140, honest=180)
    best = figures(200, wording=170, read_right=160, read_wrong=150)
    write_run(tmp_path, described("one", "2030-01-01T00:00:00"), fall(0.7, 0.3), outcome(), good)
    write_run(
        tmp_path, described("two", "2030-01-02T00:00:00", rank=64), fall(0.7, 0.25), outcome("stopped early"), best
    )
    write_run(tmp_path, described("<b>three</b>", "2030-01-03T00:00:00", learning_rate=0.01).copy() | {"id": "3<b>"})
    (tmp_path / "3<b>").rename(tmp_path / "three")
    write_run(tmp_path, described("four", "2030-01-04T00:00:00", learning_rate=0.02), BLOWN, FAILED)
    return read_runs(tmp_path)


def test_it_stands_by_itself(runs: tuple[Run, ...]) -> None:
    html = runs_page(runs, MADE)
    page = Page(html)
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    assert all(address.startswith("#") and address[1:] in page.ids for address in page.addresses)
    assert set(re.findall(r"url\(#([^)]*)\)", html)) <= set(page.ids)
    assert "@import" not in html
    assert "prefers-color-scheme: dark" in html
    assert html == runs_page(runs, MADE)


def test_what_others_wrote_is_escaped(runs: tuple[Run, ...]) -> None:
    html = runs_page(runs, MADE)
    assert "3&lt;b&gt;" in html
    assert "3<b>" not in html


def test_what_it_says_of_each_run(runs: tuple[Run, ...]) -> None:
    page = page_of(runs, MADE)
    assert page.title == "Fine-tuning of support"
    assert [(run.letter, run.id) for run in page.runs] == [("A", "four"), ("B", "3<b>"), ("C", "two"), ("D", "one")]
    blown, begun, two, one = page.runs
    assert (blown.status, blown.verdict, blown.mood) == ("failed", "exploding", "odd")
    assert blown.setting.startswith("learning_rate: lower it")
    assert (begun.status, begun.held_out) == ("running or ended without a word", "–")
    assert [layer.value for layer in begun.layers] == ["–"] * 4
    assert [layer.value for layer in two.layers] == ["85.0\u00a0%", "80.0\u00a0%", "75.0\u00a0%", "–"]
    assert two.layers[0].interval == "79.4–89.3\u00a0%, n\u00a0=\u00a0200"
    assert one.used[0] == ("Memory", "3.5 GB", "3.7 GB")
    assert (one.minutes, begun.minutes) == ("62", "0.0")


def test_the_lead_names_the_best(runs: tuple[Run, ...]) -> None:
    assert page_of(runs, MADE).lead == (
        "4 runs. The lowest held-out loss is 0.289, of run C. The most answers worded right are 170 of 200, of run C."
    )
    assert page_of(runs[3:], MADE).lead == (
        "One run. The lowest held-out loss is 0.346. The most answers worded right are 150 of 200."
    )
    assert "None has been held against questions yet" in page_of([replace(runs[3], figures=None)], MADE).lead
    assert [page_of([run], MADE).lead for run in runs[:2]] == ["One run."] * 2  # neither was measured once it learnt


def test_settings_that_differ_say_where_they_are_from(runs: tuple[Run, ...]) -> None:
    page = page_of(runs, MADE)
    assert set(page.differing) == {"learning_rate", "rank"}
    assert ("rank", "64", "command line") in page.runs[2].settings
    assert ("rank", "16", "default") in page.runs[3].settings
    assert ("targets", "all-linear") in page.alike
    assert "Settings that differ" not in runs_page(runs[3:], MADE)


def test_a_file_that_changed_is_there_twice(tmp_path: Path) -> None:
    other = described("b", "2030-01-02T00:00:00")
    other["data"] = {"answers.jsonl": {"sha256": "ef" * 32, "conversations": 1500}}
    write_run(tmp_path, described("a", "2030-01-01T00:00:00"))
    write_run(tmp_path, other)
    found = [(source.name, source.sha256[:4], source.letters) for source in page_of(read_runs(tmp_path), MADE).sources]
    assert found == [("Smollm2 135M", "abab", "all"), ("answers.jsonl", "efef", "A"), ("answers.jsonl", "cdcd", "B")]


def test_no_run_at_all() -> None:
    html = runs_page((), MADE)
    Page(html)
    assert "There is no run here yet." in html
    assert "<table" not in html


def test_a_run_without_an_estimate(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, described("a") | {"estimate": {}}, fall(0.7, 0.3)))
    assert "none was made" in runs_page([run], MADE)


def test_no_more_lines_in_a_chart_than_can_be_told_apart(tmp_path: Path) -> None:
    for number in range(DRAWN + 2):
        write_run(tmp_path, described(f"r{number}"), fall(0.7, 0.2 + number / 50))
    page = page_of(read_runs(tmp_path), MADE)
    assert page.drawn == "The 8 with the lowest held-out losses of 10."
    drawn = re.findall(r">([A-J])</text>", str(page.overview))
    assert sorted(drawn) == sorted(run.letter for run in page.runs if run.id not in {"r8", "r9"})


def test_the_charts_are_drawings_in_the_colours_of_the_page(runs: tuple[Run, ...]) -> None:
    charts = re.findall(r'<svg class="chart".*?</svg>', runs_page(runs, MADE), re.DOTALL)
    assert len(charts) == 5
    for chart in charts:
        ElementTree.fromstring(chart.replace("xlink:href", "href"))
        assert 'role="img" aria-label="' in chart
        assert not re.search(r"#[0-9a-f]{6}\b(?!-)", re.sub(r"(id|href)=\"[^\"]*\"|url\([^)]*\)", "", chart))


def test_the_two_losses_differ_by_dash_and_mark() -> None:
    chart = str(run_chart(fall(0.7, 0.3), None, 1.0, 2.0, "x"))
    assert "stroke-dasharray" in chart
    assert "<use" in chart


def test_a_chart_says_what_it_cannot_show() -> None:
    assert "up to 7.5, no number at step 20" in str(run_chart(BLOWN, BLOWN[0], 1.0, 2.0, "x"))
    high = [Point(0, 1, 0.0, held_out_loss=0.7), Point(1, 1, 1.0, held_out_loss=8.0)]
    assert "B ↑" in str(runs_chart([("A", fall(0.7, 0.3)), ("B", high)], 1.0, 2.0))


def test_a_run_that_explodes_does_not_make_the_others_flat() -> None:
    usual = [fall(0.7, 0.3), fall(0.7, 0.2), fall(0.7, 0.25)]
    assert top_of([*usual, BLOWN]) == pytest.approx(top_of(usual), rel=0.01)
    assert top_of([]) == pytest.approx(1.0, rel=0.01)
    assert losses(BLOWN, held_out=False) == ([0.2], [7.5])


def test_letters_go_on_after_z() -> None:
    named = [letter for letter, _ in zip(letters(), range(30), strict=False)]
    assert named[:2] + named[25:28] == ["A", "B", "Z", "AA", "AB"]


loss = st.none() | st.floats(0, 20) | st.just(math.nan)
curves = st.lists(st.builds(Point, st.integers(0, 99), st.just(99), st.floats(0, 3), loss, loss), max_size=6)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(curves, min_size=1, max_size=3))
def test_any_curves_can_be_printed(tmp_path_factory: pytest.TempPathFactory, drawn: list[list[Point]]) -> None:
    folder = tmp_path_factory.mktemp("runs")
    for number, curve in enumerate(drawn):
        write_run(folder, described(f"r{number}"), curve)
    Page(runs_page(read_runs(folder), MADE))
