"""What our Markdown reads beyond CommonMark, and what it reads otherwise: rules of the parser, one function each.

Nothing here makes a tag of what a model wrote: every tag comes from the parser or from this file, and the sanitiser
in `render.py` has the last word.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.emphasis import tokenize
from markdown_it.token import Token

from language.contacts import callable_numbers
from language.english import ENGLISH

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_LEADS = re.compile(r"https?://|mailto:|tel:", re.IGNORECASE)
_MATHS = (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"))
_FIRST_HEADING, _LAST_HEADING = 3, 6
_ENDINGS = frozenset(
    "com org net edu gov info biz shop example eu uk de fr nl ch ie ca au nz us jp cn kr tw hk se dk fi es pt pl cz gr br mx za".split()  # noqa: E501, SIM905 - read as one line
)
"""Endings by which a bare host is known. Others are words too (`it`, `is`, `no`, `at`, `py`, `md`): a missing space
after a full stop must not make a link. With `www.`, `https://` or a path any ending will do."""


def parser() -> MarkdownIt:
    """The parser of answers: CommonMark, tables, strikethrough, and the rules of this file."""
    known = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
    known.enable(["table", "strikethrough", "linkify"])
    known.linkify = _Links()
    known.inline.ruler.before("escape", "maths", _maths)
    known.inline.ruler.at("emphasis", _emphasis)
    known.core.ruler.push("rewritten", _rewritten)
    known.core.ruler.push("headings", _headings)
    known.core.ruler.push("directions", _directions)
    known.add_render_rule("table_open", _table_open)
    known.add_render_rule("table_close", _table_close)
    return known


class _Links(LinkifyIt):  # type: ignore[misc]  # the package is not typed
    """Addresses in running text. Bare hosts are read with care, and over https."""

    def __init__(self) -> None:
        super().__init__({"ftp:": None, "//": None})
        self.tlds("[a-z]{2,24}|xn--[a-z0-9-]{1,59}")

    def match(self, text: str) -> list[Any] | None:
        """The addresses found, or None."""
        found = [link for link in super().match(text) or () if link.schema or _is_host(link.text)]
        for link in found:
            if not link.schema:
                link.url = "https://" + link.text
        return found or None


def _is_host(text: str) -> bool:
    host, _, path = text.partition("/")
    return bool(path) or host.lower().startswith("www.") or host.rpartition(".")[2].lower() in _ENDINGS


def _maths(state: StateInline, silent: bool) -> bool:
    """Formulas stay as they were written, with every backslash; so does a mark of theirs that stands alone."""
    for opening, closing in _MATHS:
        if state.src.startswith(opening, state.pos):
            end = state.src.find(closing, state.pos + 2)
            if end >= 0:
                return _verbatim(state, end + 2, silent)
    if state.src[state.pos] == "\\" and state.src[state.pos + 1 : state.pos + 2] in {"(", ")", "[", "]"}:
        return _verbatim(state, state.pos + 2, silent)
    return False


def _verbatim(state: StateInline, end: int, silent: bool) -> bool:
    if not silent:
        for number, line in enumerate(state.src[state.pos : end].split("\n")):
            if number:
                state.push("softbreak", "br", 0)
            state.push("text", "", 0).content = line
    state.pos = end
    return True


def _emphasis(state: StateInline, silent: bool) -> bool:
    """Emphasis beside Chinese, Japanese and Korean text, which sets no spaces: `これは**「重要」**です`.

    CommonMark wants a space or a punctuation mark on the outer side of a mark that stands beside punctuation. Here
    a wide character will do as well, as the proposal to amend CommonMark for these languages has it.
    """
    start, known = state.pos, len(state.delimiters)
    if not tokenize(state, silent):
        return False
    before, after = state.src[start - 1 : start] or " ", state.src[state.pos : state.pos + 1] or " "
    if state.src[start] == "*" and (_is_wide(before) or _is_wide(after)):
        for mark in state.delimiters[known:]:
            mark.open = not after.isspace() and (not _is_narrow_mark(after) or _bounds(before))
            mark.close = not before.isspace() and (not _is_narrow_mark(before) or _bounds(after))
    return True


def _bounds(char: str) -> bool:
    return char.isspace() or _is_wide(char) or _is_narrow_mark(char)


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _is_narrow_mark(char: str) -> bool:
    return not _is_wide(char) and (isMdAsciiPunct(ord(char)) or isPunctChar(char))


def _rewritten(state: StateCore) -> None:
    """Pictures as words, breaks within cells, telephone numbers; and no link but to where a link may lead."""
    cell = False
    for token in state.tokens:
        if token.type == "inline":
            token.children = list(_inline(token.children or [], cell))
        cell = token.type in {"td_open", "th_open"}


def _inline(tokens: list[Token], cell: bool) -> Iterator[Token]:
    """Links do not lie within links, so at most one is open."""
    linked = leads = False
    for token in tokens:
        match token.type:
            case "link_open":
                linked, leads = True, bool(_LEADS.match(str(token.attrs["href"])))
                yield from [_open(str(token.attrs["href"]))] if leads else []
            case "link_close":
                yield from [token] if leads else []
                linked = leads = False
            case "image":
                yield from _picture(token, linked)
            case "text":
                for part in _broken(token) if cell else [token]:
                    yield from [part] if linked or part.type != "text" else _called(part)
            case _:
                yield token


def _picture(token: Token, linked: bool) -> Iterable[Token]:
    """A picture as its words, with a link to it; to load it would be a request that leaves the origin."""
    address = str(token.attrs.get("src", ""))
    words = _text(token.content.strip() or str(token.attrs.get("title", "")).strip() or "Picture")
    return _link(address, words) if _WEB.match(address) and not linked else [words]


def _broken(token: Token) -> Iterator[Token]:
    for number, part in enumerate(_BREAK.split(token.content)):
        if number:
            yield Token("hardbreak", "br", 0)
        if part:
            yield _text(part)


def _called(token: Token) -> Iterator[Token]:
    last = 0
    for start, end, digits in callable_numbers(token.content, ENGLISH.contacts):
        yield _text(token.content[last:start])
        yield from _link(f"tel:{digits}", _text(token.content[start:end]))
        last = end
    yield _text(token.content[last:])


def _link(address: str, words: Token) -> list[Token]:
    return [_open(address), words, Token("link_close", "a", -1)]


def _open(address: str) -> Token:
    """A page opens beside the conversation; a call or a mail opens no page."""
    beside = {"target": "_blank"} if _WEB.match(address) else {}
    return Token("link_open", "a", 1, attrs={"href": address, **beside})


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _headings(state: StateCore) -> None:
    """An answer's headings follow on the page's own, and no level is left out."""
    headings = [token for token in state.tokens if token.type in {"heading_open", "heading_close"}]
    levels = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = f"h{min(_FIRST_HEADING + levels.index(token.tag), _LAST_HEADING)}"


def _directions(state: StateCore) -> None:
    """Each outermost block runs in its own language's direction; what is inside follows it."""
    for token in state.tokens:
        if token.level == 0 and token.nesting == 1:
            token.attrSet("dir", "auto")


def _table_open(renderer: Any, tokens: list[Token], index: int, options: Any, _env: Any) -> str:
    return "<div>" + str(renderer.renderToken(tokens, index, options, _env))


def _table_close(renderer: Any, tokens: list[Token], index: int, options: Any, _env: Any) -> str:
    return str(renderer.renderToken(tokens, index, options, _env)) + "</div>"
