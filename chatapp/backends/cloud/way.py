"""The way to the cloud: which proxy, and which certificates. A mistake in either is one clear line."""

import importlib.util
import os
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import httpx2

from chatapp.backends.cloud.server import DIRECT, ModelServer
from chatapp.errors import SettingError

_OURS = "FIRSTLINE_CLOUD_PROXY"
_SCHEMES = ("http", "https", "socks5", "socks5h")
_LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".svc")
_FOLDERS = "SSL_CERT_DIR"
_CERTIFICATES = ("SSL_CERT_FILE", _FOLDERS, "REQUESTS_CA_BUNDLE")


def proxy_of(server: ModelServer) -> str | None:
    """The proxy's URL, or None for the direct way. Raises SettingError naming the variable.

    FIRSTLINE_CLOUD_PROXY if set. Else HTTPS_PROXY, HTTP_PROXY or ALL_PROXY for a server on the internet; one on this
    machine or in a private network is asked directly, and so is what NO_PROXY lists.
    """
    if server.proxy:
        return None if server.proxy == DIRECT else _checked(_OURS, server.proxy)
    target = urlsplit(server.base_url)
    proxies = getproxies_environment()
    for scheme in (target.scheme, "all"):
        if url := proxies.get(scheme, "").strip():
            if is_private(target.hostname or "") or proxy_bypass_environment(_host_and_port(target), proxies):
                return None
            return _checked(f"{scheme.upper()}_PROXY", url if "://" in url else f"http://{url}")
    return None


def is_private(host: str) -> bool:
    """Whether a host is this machine or one of a private network, as far as its name tells."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or f".{host}".endswith(_LOCAL_ENDINGS) or host.endswith(".svc.cluster.local")
    return not address.is_global


def _host_and_port(url: SplitResult) -> str:
    return f"{url.hostname}:{url.port}" if url.port else url.hostname or ""


def _checked(variable: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
        httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL):
        usable = False
    if not usable:  # the URL itself may hold a password
        raise SettingError(
            f"{variable} names no proxy that can be used.",
            f"It must be like http://proxy:3128 or socks5://proxy:1080. For the direct way set {_OURS}={DIRECT}.",
        )
    if parts.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise SettingError(
            f"{variable} names a SOCKS proxy, and the package 'socksio' that speaks to one is not installed.",
            f"Install it (pip install socksio), or set {_OURS} to an HTTP proxy, or to {DIRECT} for the direct way.",
        )
    return url


def tls_of(server: ModelServer) -> ssl.SSLContext:
    """The certificates that servers are verified with: the system's, or those of SSL_CERT_FILE and the like.

    Raises SettingError naming the variable whose file is missing or holds no certificates.
    """
    if server.base_url.startswith("https://"):
        for variable, paths in _named():
            try:
                return _trusting(paths)
            except OSError as error:
                reason = error.strerror or "it holds no certificates"
                raise SettingError(
                    f"{variable} names {os.pathsep.join(paths)!r}, which cannot be used: {reason}.",
                    "Correct it, or unset it to use the system's certificates.",
                ) from None
    return httpx2.create_ssl_context(trust_env=False)


def _named() -> Iterator[tuple[str, list[str]]]:
    for variable in _CERTIFICATES:
        if value := os.environ.get(variable, "").strip():
            yield variable, value.split(os.pathsep) if variable == _FOLDERS else [value]


def _trusting(paths: list[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for path in paths:
        context.load_verify_locations(**{"capath" if Path(path).is_dir() else "cafile": path})
    return context
