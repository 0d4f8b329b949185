"""Which addresses local-only mode allows: those of the configured database and local servers, and no other."""

import _socket
import logging
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from chatapp.addresses.local_servers import endpoint
from chatapp.errors import SettingError

log = logging.getLogger(__name__)

_MAPPED = bytes(10) + b"\xff\xff"
_POSTGRES_PORT = 5432
_LOCALHOST = {"localhost": ("127.0.0.1", "::1")}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`addresses` are (packed address, port), four or sixteen bytes; `names` may be looked up, in lower
    case.
    """

    addresses: frozenset[tuple[bytes, int]]
    names: frozenset[str]
    shown: tuple[str, ...]

    @property
    def ports(self) -> frozenset[int]:
        """The ports alone, which is all that Landlock can tell apart."""
        return frozenset(port for _, port in self.addresses)


def packed(host: str) -> bytes | None:
    """A numeric address as four or sixteen bytes, an IPv4-mapped one as its four; None for anything else.

    Strict: short forms (`127.1`), other bases, zones (`::1%lo`) and names are not numeric addresses here.
    """
    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            address = _socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return address[12:] if address.startswith(_MAPPED) else address
    return None


def database_endpoints(url: str) -> tuple[tuple[str, int], ...]:
    """The (host, port) pairs of a SQLAlchemy URL; none for SQLite and for a database behind a Unix socket.

    Hosts stand in the address part, or as `host=` and `port=` in the query, several with commas or repeated.
    Raises SettingError for a port that is no number, or a bracket without its fellow.
    """
    if url.startswith("sqlite"):
        return ()
    try:
        parts = urlsplit(url)
        port = parts.port or _POSTGRES_PORT
        named = [(unquote(parts.hostname), port)] if parts.hostname else []
        return tuple(named + list(_queried(parts.query, port)))
    except ValueError:  # its text may quote a password with a colon or a slash in it
        raise SettingError(
            "FIRSTLINE_DATABASE_URL has a host or port that cannot be used.",
            "Give a port from 1 to 65535, and write special characters of the password as %3A, %2F, %40.",
        ) from None


def server_endpoints(urls: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """The (host, port) pairs of base URLs; `localhost` as the numbers that it means, so that nothing is looked up."""
    pairs = dict.fromkeys(endpoint(url) for url in urls)
    return tuple((number, port) for host, port in pairs for number in _LOCALHOST.get(host, (host,)))


def resolvable(pairs: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Those that have an address now; the others are left out with a warning, for a pool answers without one of its
    servers. Raises SettingError where none is left of some.
    """
    left, missing = [], list[SettingError]()
    for host, port in pairs:
        try:
            list(_addresses(host, port))
        except SettingError as error:
            log.warning("%s It is asked nothing until the next start.", error.what)
            missing.append(error)
        else:
            left.append((host, port))
    if missing and not left:
        raise missing[0]
    return tuple(left)


def _queried(query: str, port: int) -> Iterator[tuple[str, int]]:
    fields = parse_qsl(query)
    hosts = [host for key, value in fields if key in ("host", "hostaddr") for host in value.split(",")]
    ports = [int(number) for key, value in fields if key == "port" for number in value.split(",")]
    for place, host in enumerate(hosts):
        if host and not host.startswith(("/", "@")):
            name, own = _with_port(host)
            yield name, own or (ports[min(place, len(ports) - 1)] if ports else port)


def _with_port(host: str) -> tuple[str, int | None]:
    name, colon, number = host.rpartition(":")
    if not colon or packed(host) is not None:
        return host, None
    return name.strip("[]"), int(number)


def resolve(allowed: Sequence[tuple[str, int]]) -> Endpoints:
    """Look every host up, now: once a fence stands, only these addresses count. Raises SettingError."""
    addresses: set[tuple[bytes, int]] = set()
    for host, port in allowed:
        addresses.update((address, port) for address in _addresses(host, port))
    names = frozenset(host.lower() for host, _ in allowed if packed(host) is None)
    return Endpoints(frozenset(addresses), names, tuple(f"{host} port {port}" for host, port in allowed))


def _addresses(host: str, port: int) -> Iterator[bytes]:
    address = packed(host)
    if address is not None:
        yield address
        return
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SettingError(
            f"The host {host!r} has no address ({error}).",
            "Correct FIRSTLINE_DATABASE_URL or FIRSTLINE_LOCAL_BASE_URL, or give the host's numeric address in it.",
        ) from None
    for entry in found:
        address = packed(str(entry[4][0]))
        if address is not None:
            yield address
