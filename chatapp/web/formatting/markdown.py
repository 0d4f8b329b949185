"""An answer's Markdown as safe HTML: the sanitiser has the last word on what the parser made."""

from functools import cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

from chatapp.web.formatting.parser import parser
from chatapp.web.formatting.rewriting import LANGUAGE
from language import Language

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


def markdown(text: str, language: Language | None) -> Markup:
    """An answer's Markdown as HTML that holds no script, style, image, form or foreign attribute.

    `language` is that of the text. It tells telephone numbers from order numbers; without rules only numbers with a
    country code become links.
    """
    html = nh3.clean(
        _parser().render(text, {LANGUAGE: language}),
        tags=set(TAGS),
        attributes={"a": {"href"}, "ol": {"start"}},
        tag_attribute_values={"a": {"target": {"_blank"}}} | {tag: {"dir": {"auto"}} for tag in _BLOCKS},
        url_schemes=set(SCHEMES),
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values=_SET,
    )
    return Markup(html)  # noqa: S704 - sanitised in the line above
