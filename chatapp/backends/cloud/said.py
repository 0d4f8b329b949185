"""What a server says went wrong, whatever the shape: an object, a list, `detail`, text or a page."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_QUOTES_US = frozenset({"input", "ctx", "messages", "prompt", "request", "url"})
_FIRST = ("message", "detail", "msg", "error_description", "error", "reason", "title", "description")
_PAGE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.I | re.S)
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.I | re.S)

_RATE = re.compile(r"per.?(minute|second|min|sec|hour)\b|rate.?limit|\b[rt]pm\b|too many requests|retry.?delay", re.I)
_SPENT = re.compile(
    r"insufficient.?(quota|balance|funds|credit)|exceeded your current quota|quota|billing|credit|balance|payment|"
    r"spend(ing)?.?(limit|cap)|budget",
    re.I,
)


def is_spent(said: str) -> bool:
    """Whether this says that the paid quota is used up; a limit per minute does not count."""
    return bool(_SPENT.search(said)) and not _RATE.search(said)


def everything_said(body: Any, *, names: bool = False) -> str:
    """All texts of a body, to look for reasons in, if wanted its `names` too. Not to be shown: it may quote the
    conversation. What a server sends back of our request is left out.
    """
    return " ".join(_texts(_value(body), names=names))


def reason(body: Any) -> str:
    """The one line that tells what is wrong, "" where the body has none."""
    return " ".join(_line(_value(body)).split())


def _value(body: Any) -> Any:
    """JSON that came as text, as what it is."""
    if isinstance(body, str) and body.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(body)
        except ValueError:
            return body
    return body


def _line(body: Any) -> str:
    if isinstance(body, Mapping):
        named = (_line(body[name]) for name in _FIRST if body.get(name))
        said = next(filter(None, named), "") or next(filter(None, map(_line, body.values())), "")
        place = body.get("loc")
        return f"{'.'.join(map(str, place))}: {said}" if isinstance(place, Sequence) and said else said
    if isinstance(body, list | tuple):
        return "; ".join(filter(None, map(_line, body)))
    if not isinstance(body, str):
        return ""
    page = _PAGE.search(body)
    return page[2] if page else _TAGS.sub(" ", body)


def _texts(body: Any, *, names: bool) -> Iterator[str]:
    if isinstance(body, str):
        yield _TAGS.sub(" ", body)
    elif isinstance(body, Mapping):
        for name, value in body.items():
            if name not in _QUOTES_US:
                yield from [str(name)] if names else []
                yield from _texts(value, names=names)
    elif isinstance(body, list | tuple):
        for value in body:
            yield from _texts(value, names=names)
