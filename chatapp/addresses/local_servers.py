"""The addresses of servers that answer in place of the model in this process."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from chatapp.addresses.server_address import checked_server

_PORTS = {"http": 80, "https": 443}


def read_servers(text: str) -> tuple[str, ...]:
    """The base URLs that stand in `text` by comma, each once. Raises ValueError where one cannot be used."""
    urls = [checked_server(url.strip()) for url in text.split(",") if url.strip()]
    for url in urls:
        if not endpoint(url)[0].isascii():
            raise ValueError(f"{url!r} has a host that is not ASCII; write it as the name service does, such as xn--…")
    return tuple(dict.fromkeys(urls))


def read_hosts(text: str) -> frozenset[str]:
    """The hosts that stand in `text` by comma, in lower case and without brackets. Raises ValueError for a URL."""
    hosts = [host.strip().lower() for host in text.split(",")]
    for host in hosts:
        if "/" in host:
            raise ValueError(f"{host!r} is no host; give a name or an address alone, such as gpu1.example or 10.0.0.7")
    return frozenset(host.removeprefix("[").removesuffix("]") for host in hosts if host)


def endpoint(url: str) -> tuple[str, int]:
    """Host, in lower case, and port that a checked base URL means."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS[parts.scheme]


def strangers(urls: Sequence[str], allowed: frozenset[str]) -> Iterator[str]:
    """The hosts of `urls` that are neither this machine nor among `allowed`."""
    for url in urls:
        host, _ = endpoint(url)
        if not is_here(host) and host not in allowed:
            yield host


def is_here(host: str) -> bool:
    """Whether a host, as it is written, is this machine's loopback."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
