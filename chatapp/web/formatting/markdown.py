"""Text for people: Markdown to safe HTML, and figures in the words of the page."""

from functools import cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from chatapp.web.formatting.marks import parser

TAGS = frozenset(
    "a p br hr em strong s code pre blockquote ul ol li h3 h4 h5 h6 table thead tbody tr th td div".split()  # noqa: SIM905 - read as one line
)
"""No images: a picture in an answer would be a request that leaves the origin."""
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_BLOCKS = TAGS - {"a", "br", "em", "strong", "s", "code"}
_SET = {
    "pre": {"tabindex": "0"},
    "div": {"class": "table-box", "tabindex": "0", "role": "group", "aria-label": "Table"},
}
"""What every such element has. What may scroll sideways can be reached by keyboard; a `div` is the box of a table."""


@cache
def _parser() -> MarkdownIt:
    return parser()


def markdown(text: str) -> Markup:
    """An answer's Markdown as HTML that holds no script, style, image, form or foreign attribute."""
    html = nh3.clean(
        _parser().render(text),
        tags=set(TAGS),
        attributes={"a": {"href"}, "ol": {"start"}},
        tag_attribute_values={"a": {"target": {"_blank"}}} | {tag: {"dir": {"auto"}} for tag in _BLOCKS},
        url_schemes=set(SCHEMES),
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values=_SET,
    )
    return Markup(html)  # noqa: S704 - sanitised in the line above


def seconds(milliseconds: float | None) -> str:
    """Milliseconds as seconds, as fine as a reader can use: `0.09 s`, `1.4 s`, `12 s`; a dash for none."""
    if milliseconds is None:
        return "–"
    value = milliseconds / 1000
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def dollars(microusd: float | None) -> str:
    """Micro-dollars as dollars, to the first two figures that are not zero: `$0.00001`, `$0.012`, `$3.40`."""
    if microusd is None:
        return "–"
    if microusd == 0:
        return "$0"
    sign, value = "−" if microusd < 0 else "", abs(microusd) / 1_000_000
    if value >= 1:
        return f"{sign}${value:,.2f}"
    places = next(n for n in range(1, 8) if value >= 10**-n) + 1
    return f"{sign}$" + f"{value:.{min(places, 6)}f}".rstrip("0")


def percent(share: float | None) -> str:
    """A share of one as a whole percentage; a dash for none."""
    return "–" if share is None else f"{share:.0%}".replace("%", " %")


def number(value: float | None) -> str:
    """A count with thousands separated; a dash for none."""
    return "–" if value is None else f"{value:,.0f}"
