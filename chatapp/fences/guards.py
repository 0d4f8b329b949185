"""A gap of the audit hook, closed: the socket methods that look a name up before they raise their event.

`connect(("a.example", 80))` asks a DNS server for `a.example` first and raises `socket.connect` afterwards.
So the methods of `socket.socket` raise the event themselves, with the address as given; the hook then
refuses every name.
"""

import _socket
import functools
import socket
import sys
from collections.abc import Callable
from typing import Any

_METHODS = {
    "bind": ("socket.bind", slice(-1, None)),
    "connect": ("socket.connect", slice(-1, None)),
    "connect_ex": ("socket.connect", slice(-1, None)),
    "sendmsg": ("socket.sendmsg", slice(3, 4)),
    "sendto": ("socket.sendto", slice(-1, None)),
}
"""The event of each method, and where its address stands among the arguments."""


def guard_names() -> None:
    """Replace the methods of `socket.socket`, which all of Python uses; `ssl.SSLSocket` inherits them."""
    for name, (event, place) in _METHODS.items():
        if hasattr(_socket.socket, name):
            setattr(socket.socket, name, _asking_first(getattr(_socket.socket, name), event, place))


def _asking_first(original: Callable[..., Any], event: str, place: slice) -> Callable[..., Any]:
    audit = sys.audit

    @functools.wraps(original)
    def method(self: socket.socket, *args: Any) -> Any:
        for address in args[place]:
            audit(event, self, address)
        return original(self, *args)

    return method
