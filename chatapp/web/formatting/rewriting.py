"""What becomes of the parsed text before it is HTML: pictures, telephone numbers, links, headings, directions."""

import re
from collections.abc import Iterable, Iterator

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from language import Language
from language.contacts import callable_numbers
from language.protocol import ContactWords

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_LEADS = re.compile(r"https?://|mailto:|tel:", re.IGNORECASE)
LANGUAGE = "language"
"""The parser's environment holds the text's language by this name, or None where it has no rules."""

_FIRST_HEADING, _LAST_HEADING = 3, 6


def rewritten(state: StateCore) -> None:
    """Pictures as words, breaks within cells, telephone numbers; and no link but to where a link may lead."""
    language: Language | None = state.env[LANGUAGE]
    words, cell = language.contacts if language else None, False
    for token in state.tokens:
        if token.type == "inline":
            token.children = list(_inline(token.children or [], cell, words))
        cell = token.type in {"td_open", "th_open"}


def _inline(tokens: list[Token], cell: bool, words: ContactWords | None) -> Iterator[Token]:
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
                    yield from [part] if linked or part.type != "text" else _called(part, words)
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


def _called(token: Token, words: ContactWords | None) -> Iterator[Token]:
    last = 0
    for start, end, digits in callable_numbers(token.content, words):
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


def headings(state: StateCore) -> None:
    """Moves an answer's headings below the page's own, without skipping a level."""
    headings = [token for token in state.tokens if token.type in {"heading_open", "heading_close"}]
    levels = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = f"h{min(_FIRST_HEADING + levels.index(token.tag), _LAST_HEADING)}"


def directions(state: StateCore) -> None:
    """Each outermost block runs in its own language's direction; what is inside follows it."""
    for token in state.tokens:
        if token.level == 0 and token.nesting == 1:
            token.attrSet("dir", "auto")
