"""How often a wrong token may be tried: five times at once, then ever more slowly."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

FREE_TRIES = 5
LONGEST_S = 300.0
FORGOTTEN_AFTER_S = 3600.0
MOST_CLIENTS = 10_000
"""Remembered at once; with more, those that tried longest ago are forgotten."""


@dataclass(slots=True)
class _Tries:
    wrong: int
    last: float


class Throttle:
    """Counts wrong tries by client, in this process. After the free ones each doubles the wait, up to five minutes."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait_s(self, host: str) -> int:
        """Whole seconds until this client may try again, 0 for at once."""
        tries = self._tries.get(_client(host))
        if tries is None or tries.wrong < FREE_TRIES:
            return 0
        delay = min(LONGEST_S, 2.0 ** min(tries.wrong - FREE_TRIES + 1, 16))
        return max(0, math.ceil(tries.last + delay - self._now()))

    def wrong(self, host: str) -> None:
        """Count a wrong try."""
        client, now = _client(host), self._now()
        tries = self._tries.pop(client, None)
        if tries is None or now - tries.last > FORGOTTEN_AFTER_S:
            tries = _Tries(0, now)
        self._tries[client] = _Tries(tries.wrong + 1, now)
        while len(self._tries) > MOST_CLIENTS:
            self._tries.popitem(last=False)

    def right(self, host: str) -> None:
        """Forget the wrong tries of a client that knows the token."""
        self._tries.pop(_client(host), None)


def _client(host: str) -> str:
    """An address as one client; of IPv6 the network of 64 bits, all of which one subscriber has."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address) >> 64 << 64, 64)))
