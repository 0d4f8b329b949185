"""What we read within a line beyond CommonMark: formulas, and emphasis in languages that set no spaces."""

import unicodedata

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.emphasis import tokenize

_MATHS = (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"))


def maths(state: StateInline, silent: bool) -> bool:
    """Keeps formulas as they were written, with every backslash, and an opening mark that has no closing one."""
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


def emphasis(state: StateInline, silent: bool) -> bool:
    """Emphasis beside Chinese, Japanese and Korean text, which sets no spaces: `これは**「重要」**です`.

    CommonMark wants a space or punctuation on the outer side of a mark that is next to punctuation. Here
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
