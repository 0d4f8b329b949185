"""The parser of answers: CommonMark, what we read beyond it, and what we read otherwise.

Nothing here makes a tag of what a model wrote: every tag comes from the parser or from its rules, and the sanitiser
in `markdown.py` has the last word.
"""

from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from chatapp.web.formatting.inline import emphasis, maths
from chatapp.web.formatting.links import Links
from chatapp.web.formatting.rewriting import directions, headings, rewritten


def parser() -> MarkdownIt:
    """The parser of answers: CommonMark, tables, strikethrough, and our rules."""
    known = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
    known.enable(["table", "strikethrough", "linkify"])
    known.linkify = Links()
    known.inline.ruler.before("escape", "maths", maths)
    known.inline.ruler.at("emphasis", emphasis)
    known.core.ruler.push("rewritten", rewritten)
    known.core.ruler.push("headings", headings)
    known.core.ruler.push("directions", directions)
    known.add_render_rule("table_open", _table_open)
    known.add_render_rule("table_close", _table_close)
    return known


def _table_open(renderer: Any, tokens: list[Token], index: int, options: Any, _env: Any) -> str:
    return "<div>" + str(renderer.renderToken(tokens, index, options, _env))


def _table_close(renderer: Any, tokens: list[Token], index: int, options: Any, _env: Any) -> str:
    return str(renderer.renderToken(tokens, index, options, _env)) + "</div>"
