"""Addresses without secrets, for an error, a log or a report."""

import re

_USUAL = re.compile(r"(\[[^]@]*\]|[^:@/]*)(:\d*)?(/[^@]*)?")
"""Host, port and path, none with an `@` in it."""


def shown_url(url: str) -> str:
    """The URL without user, password, query and fragment, any of which may hold a secret; `…` for what could be part of
    a password, such as one with a slash or a question mark in it.
    """
    scheme, slashes, rest = url.partition("//") if "//" in url else ("", "", url)
    address = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority, path = re.split(r"(?=/)", address + "/", maxsplit=1)
    shown = f"{authority.rpartition('@')[2]}{path}".removesuffix("/")
    return f"{scheme}{slashes}{shown if _USUAL.fullmatch(shown) else '…'}"
