"""Origins of web pages, in the one form in which they can be compared."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port in one form, however they were written: `HTTPS://Shop.example` is that of port 443."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")


def read_origin(text: str) -> Origin | None:
    """The origin of an `Origin` header or a setting; None for `null` and for what is none."""
    try:
        parts = urlsplit(text.strip())
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
            return None
        return Origin(parts.scheme, _host(parts.hostname), parts.port or _PORTS[parts.scheme])
    except ValueError:  # a bracket without its fellow, a port that is no number
        return None


def read_origins(listed: str) -> frozenset[Origin]:
    """The origins of a setting, separated by commas. Raises ValueError for what is none."""
    found = {part: read_origin(part) for part in (part.strip() for part in listed.split(",")) if part}
    for part, origin in found.items():
        if origin is None:
            raise ValueError(f"{part!r} is no origin such as https://shop.example")
    return frozenset(origin for origin in found.values() if origin)


def _host(text: str) -> str:
    if ":" in text:
        return str(IPv6Address(text))
    name = text if text.isascii() else text.encode("idna").decode()
    if not _NAME.fullmatch(name):
        raise ValueError(f"{text!r} is no name of a host")
    return name
