"""How often a wrong token may be tried: five times at once, then ever more slowly."""

import math
import threading
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
    """Counts wrong tries by client, in this process. After the free ones each doubles the wait, up to five minutes.

    `way` tells apart how a token came: what a single sign-on puts into every request's header must not keep the
    operator from the form.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def judge(self, host: str, right: bool, way: str = "") -> int:
        """Whole seconds that the client of this try has to wait; 0: it counts. Many at once are one after another."""
        with self._lock:
            wait_s = self.wait_s(host, way)
            if not wait_s:
                (self.right if right else self.wrong)(host, way)
            return wait_s

    def wait_s(self, host: str, way: str = "") -> int:
        """Whole seconds until this client may try again, 0 for at once."""
        tries = self._tries.get((_client(host), way))
        if tries is None or tries.wrong < FREE_TRIES:
            return 0
        delay = min(LONGEST_S, 2.0 ** min(tries.wrong - FREE_TRIES + 1, 16))
        return max(0, math.ceil(tries.last + delay - self._now()))

    def wrong(self, host: str, way: str = "") -> None:
        """Count a wrong try."""
        key, now = (_client(host), way), self._now()
        tries = self._tries.pop(key, None)
        if tries is None or now - tries.last > FORGOTTEN_AFTER_S:
            tries = _Tries(0, now)
        self._tries[key] = _Tries(tries.wrong + 1, now)
        while len(self._tries) > MOST_CLIENTS:
            self._tries.popitem(last=False)

    def right(self, host: str, way: str = "") -> None:
        """Forget the wrong tries of a client that knows the token."""
        self._tries.pop((_client(host), way), None)


def _client(host: str) -> str:
    """An address as one client; of IPv6 the network of 64 bits, all of which one subscriber has. What is no address,
    and anybody could make up in a header, is one client too.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address) >> 64 << 64, 64)))
