"""Markdown is safe whatever a model writes, and figures are said in few characters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.web.render import dollars, markdown, percent, seconds

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![picture](https://elsewhere.example/track.png)",
    "<style>body{display:none}</style>",
    "<iframe src=https://elsewhere.example></iframe>",
    "<form action=https://elsewhere.example><input></form>",
    "[x](data:text/html,<script>alert(1)</script>)",
    "<a href=x onclick=alert(1)>x</a>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markup_does_nothing(text: str) -> None:
    assert not re.search(
        r"<(script|img|style|iframe|form|input)|(href|src)=\"(javascript|data):|<[^>]+ on\w+=", markdown(text)
    )


@given(st.text())
def test_no_text_makes_a_tag_that_is_not_allowed(text: str) -> None:
    tags = set(re.findall(r"<\s*([a-zA-Z0-9]+)", markdown(text)))
    allowed = "a p br hr em strong del code pre blockquote ul ol li h1 h2 h3 h4 h5 h6 table thead tbody tr th td"
    assert tags <= set(allowed.split())


def test_links_open_elsewhere_and_tell_nothing() -> None:
    html = markdown("[shop](https://tarnandtor.example)")
    assert 'target="_blank"' in html
    assert "noopener" in html


def test_markdown_is_rendered() -> None:
    html = markdown("**bold**\n\n```\nx < y\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert "<strong>bold</strong>" in html
    assert "x &lt; y" in html
    assert "<td>1</td>" in html


@pytest.mark.parametrize(
    ("microusd", "words"),
    [
        (None, "–"),
        (0, "$0"),
        (10, "$0.00001"),
        (12_345, "$0.012"),
        (200_000, "$0.2"),
        (3_400_000, "$3.40"),
        (-250, "−$0.00025"),
    ],
)
def test_dollars(microusd: int | None, words: str) -> None:
    assert dollars(microusd) == words


@pytest.mark.parametrize(
    ("milliseconds", "words"), [(None, "–"), (90.0, "0.09 s"), (1_440.0, "1.4 s"), (12_000.0, "12 s")]
)
def test_seconds(milliseconds: float | None, words: str) -> None:
    assert seconds(milliseconds) == words


def test_percent() -> None:
    assert percent(0.805) == "80 %"
    assert percent(None) == "–"
