"""Markdown is safe whatever a model writes, and figures are said in few characters."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.web.formatting.figures import dollars, percent, seconds
from chatapp.web.formatting.markdown import TAGS, markdown
from language.english import ENGLISH

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![picture](https://elsewhere.example/track.png)",
    "![picture](javascript:alert(1))",
    "<style>body{display:none}</style>",
    "<iframe src=https://elsewhere.example></iframe>",
    "<form action=https://elsewhere.example><input></form>",
    "[x](data:text/html,<script>alert(1)</script>)",
    "<a href=x onclick=alert(1)>x</a>",
    "[the operator's page](/ops)",
    "[elsewhere](//elsewhere.example)",
    "<javascript:alert(1)>",
]
PIECES = [
    *HOSTILE,
    "**",
    "*",
    "_",
    "~~",
    "`",
    "```\n",
    "|a|b|\n|-|-|\n|",
    "<br>",
    "\\(",
    "\\]",
    "$$",
    "# ",
    "- ",
    "1. ",
    "> ",
    "\n\n",
]
PIECES += [
    "「",
    "」",
    "は",
    "שלום",
    "![",
    "](",
    ")",
    "[",
    "]",
    "+44 20 7946 0958",
    "0800 555 0142",
    "www.a.example",
    "a@b.example",
]
SCHEMES = ("http://", "https://", "mailto:", "tel:")


class Walk(HTMLParser):
    """The tags, attributes and links of a rendering, as a browser would read them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


def is_harmless(html: str) -> bool:
    walk = Walk(html)
    known = {"href", "start", "dir", "target", "rel", "class", "tabindex", "role", "aria-label"}
    return walk.tags <= TAGS and walk.attributes <= known and all(link.startswith(SCHEMES) for link in walk.links)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markup_does_nothing(text: str) -> None:
    assert is_harmless(markdown(text, ENGLISH))


@given(st.text())
def test_no_text_makes_a_tag_that_is_not_allowed(text: str) -> None:
    assert is_harmless(markdown(text, ENGLISH))


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12))
def test_no_pieces_of_markup_make_a_tag_an_attribute_or_a_link_that_is_not_allowed(pieces: list[str]) -> None:
    assert is_harmless(markdown("".join(pieces), ENGLISH))


def test_links_open_elsewhere_and_tell_nothing() -> None:
    html = markdown("[shop](https://tarnandtor.example)", ENGLISH)
    assert 'target="_blank"' in html
    assert "noopener" in html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold**", "<strong>bold</strong>"),
        ("```\nx < y\n```", "x &lt; y"),
        ("|a|b|\n|-|-|\n|1|2|", "<td>1</td>"),
        ("|a|b|\n|-|-|\n|1<br>2|3<BR/>4|", "<td>1<br>\n2</td>\n<td>3<br>\n4</td>"),
        ("Write <br> for a break", "&lt;br&gt;"),
        ("~~old~~ new", "<s>old</s> new"),
        ("これは**「重要」**です。", "<strong>「重要」</strong>です"),
        ("以及**“引用”**后", "<strong>“引用”</strong>后"),
        ("한국어**(강조)**입니다", "<strong>(강조)</strong>입니다"),
        ("a**あ、**b", "a<strong>あ、</strong>b"),
        ("2 * 3 * 4 snake_case_word", "2 * 3 * 4 snake_case_word"),
        ("![our map](https://a.example/map.png)", ">our map</a>"),
        ("![](https://a.example/map.png)", ">Picture</a>"),
        ("![our map](map.png)", ">our map</p>"),
        ("[![our map](map.png)](https://a.example)", ">our map</a>"),
        ("[our terms](/terms)", ">our terms</p>"),
        (r"\(a_1 * b_1\) is \[\frac{1}{2} \\ x\]", r"\(a_1 * b_1\) is \[\frac{1}{2} \\ x\]"),
        (r"alone \( and 2 \* 3", r"alone \( and 2 * 3"),
        ("# One\n\n### Two", '<h3 dir="auto">One</h3>\n<h4 dir="auto">Two</h4>'),
        ("- שלום", '<ul dir="auto">\n<li>'),
        ("one\ntwo", "one<br>\ntwo"),
    ],
)
def test_markdown_is_rendered(text: str, html: str) -> None:
    assert html in markdown(text, ENGLISH)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("see https://a.example/b_c?d=1.", "https://a.example/b_c?d=1"),
        ("see www.shop.at", "https://www.shop.at"),
        ("see tarnandtor.example/returns", "https://tarnandtor.example/returns"),
        ("write to help@tarnandtor.example.", "mailto:help@tarnandtor.example"),
        ("call 0800 555 0142 (free)", "tel:08005550142"),
        ("call **01632 960174**", "tel:01632960174"),
        ("ring +44 (0)20 7946 0958", "tel:+442079460958"),
        ("(555) 123-4567", "tel:5551234567"),
        ("about an order call 0800 555 0142", "tel:08005550142"),
    ],
)
def test_what_can_be_opened_called_or_written_to_is_a_link(text: str, link: str) -> None:
    assert Walk(markdown(text, ENGLISH)).links == [link]


@pytest.mark.parametrize(
    "text",
    [
        "order 0931147, order 4821-0071, TT-4821-0071",
        "Your order number is 0123 456 789",
        "parcel 0034 0434 1234 5678 9012",
        "on 01-02-2024 at 12.30",
        "DE89 3704 0044 0532 0130 00",
        "978-3-16-148410-0",
        "192.168.0.1",
        "0012345678",
        "`0800 555 0142`",
        "Thanks.Is it in file.py or node.js or README.md?",
    ],
)
def test_a_number_or_a_name_is_no_link(text: str) -> None:
    assert Walk(markdown(text, ENGLISH)).links == []


def test_in_a_language_without_rules_only_a_country_code_makes_a_number_a_link() -> None:
    said = "Bestellnummer 0123 456 789, Tel. 0800 555 0142 oder +49 30 1234567"
    assert Walk(markdown(said, None)).links == ["tel:+49301234567"]


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
