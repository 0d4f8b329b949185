"""The address of the cloud server, as people paste it."""

from urllib.parse import urlsplit

from chatapp.addresses.shown import shown_url

_PASTED = "/chat/completions"


def checked_server(url: str) -> str:
    """The base URL without a slash, or the path of one call, at its end. Raises ValueError; it may hold a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(not letter >= "!" for letter in url):
        raise ValueError(f"{shown_url(url)!r} must begin with http:// or https://, name a host, and hold no spaces")
    if parts.query or parts.fragment:
        raise ValueError("it must end with a path such as /v1, without ? and #")
    return url.rstrip("/").removesuffix(_PASTED).rstrip("/")
