"""The first fence: an audit hook, which the interpreter asks before it connects, looks up a name or starts
a program.

It cannot be removed. Everything that it uses is bound when it is built, so replacing something in a module
later (a function, a class, a builtin) does not change its answer. An error inside it refuses, because the
event then fails.
"""

import _socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chatapp.errors import FenceError
from chatapp.fences.endpoints import Endpoints

Hook = Callable[[str, tuple[Any, ...]], None]

_PROBE = ("203.0.113.1", 9)  # RFC 5737 documentation address; never sent to
_HINT = "Local-only mode allows this machine, its database and its local servers, and starts no programs."

_SENDS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_PROGRAMS = frozenset(
    {
        "_winapi.CreateProcess",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.startfile/2",
        "os.system",
        "pty.spawn",
        "subprocess.Popen",
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was refused. `at` is seconds since the epoch."""

    at: float
    what: str


def install(hook: Hook) -> None:
    """Add the hook. An earlier hook may veto that silently, so ask `holds` afterwards."""
    sys.addaudithook(hook)


def holds() -> bool:
    """Whether the hook refuses a connection, asked by raising the event alone: nothing is sent."""
    try:
        sys.audit("socket.connect", None, _PROBE)
    except FenceError:
        return True
    return False


def build_hook(endpoints: Endpoints, record: Callable[[Refusal], object]) -> Hook:
    """The hook. `record` is told each refusal except a probe's, which has no socket."""
    judges = _judges(endpoints)
    find, refusal, refused, hint, now = judges.get, Refusal, FenceError, _HINT, time.time

    def hook(event: str, args: tuple[Any, ...]) -> None:
        judge = find(event)
        what = None if judge is None else judge(args)
        if what is None:
            return
        if args[0] is not None:
            record(refusal(now(), what))
        raise refused(f"Refused by local-only mode: {what}.", hint)

    return hook


Judge = Callable[[tuple[Any, ...]], str | None]
"""Says what to refuse, or None to allow."""


def _judges(endpoints: Endpoints) -> dict[str, Judge]:
    judges: dict[str, Judge] = {
        "socket.__new__": _new_socket_judge(),
        "socket.bind": _bind_judge(),
        "socket.getnameinfo": _getnameinfo_judge(endpoints),
    }
    judges.update({event: _send_judge(event.partition(".")[2], endpoints) for event in _SENDS})
    judges.update({event: _lookup_judge(event.partition(".")[2], endpoints) for event in _LOOKUPS})
    judges.update({event: _program_judge(event) for event in _PROGRAMS})
    return judges


def _host_reader() -> Callable[[Any], str | None]:
    """Reads a host as the socket module would; None for what the module might read differently."""
    kind, text, octets, broken = type, str, bytes, ValueError

    def read(host: Any) -> str | None:
        if host is None:
            return ""
        if kind(host) is octets:
            try:
                host = host.decode("ascii")
            except broken:
                return None
        return host if kind(host) is text and host.isascii() else None

    return read


def _packer() -> Callable[[str], bytes | None]:
    """`endpoints.packed`, bound: see there."""
    parse, v4, v6, mapped = _socket.inet_pton, _socket.AF_INET, _socket.AF_INET6, bytes(10) + b"\xff\xff"
    failed = (OSError, ValueError)

    def pack(host: str) -> bytes | None:
        try:
            return parse(v4, host)
        except failed:
            pass
        try:
            address = parse(v6, host)
        except failed:
            return None
        return address[12:] if address[:12] == mapped else address

    return pack


def _here() -> Callable[[bytes], bool]:
    """Whether an address means this machine:

    127.0.0.0/8, ::1, and the unspecified ones, which connect to loopback.
    """
    own = frozenset({bytes(4), bytes(16), bytes(15) + b"\x01"})

    def here(address: bytes) -> bool:
        return address in own or (address[0] == 127 and not address[4:])

    return here


def _send_judge(verb: str, endpoints: Endpoints) -> Judge:
    """Connecting and sending: Unix sockets, this machine, what is allowed. A name is refused, because it would be
    looked up.

    Only Unix sockets take an address that is no tuple, since `socket.__new__` lets no other such family be
    made. A `None` address is a message on a socket that was connected before.
    """
    read, pack, here = _host_reader(), _packer(), _here()
    addresses, item, is_a, tuples, number, kind = (
        endpoints.addresses,
        tuple.__getitem__,
        isinstance,
        tuple,
        int,
        type,
    )

    def judge(args: tuple[Any, ...]) -> str | None:
        address = args[1]
        if address is None or not is_a(address, tuples):
            return None
        host, port = read(item(address, 0)), item(address, 1)
        if host == "":
            return None
        found = None if host is None else pack(host)
        if found is not None and (here(found) or (kind(port) is number and (found, port) in addresses)):
            return None
        return f"{verb} to {item(address, 0)!r} port {port!r}"

    return judge


def _bind_judge() -> Judge:
    """Listening is the operator's choice, on any address; a name is refused, for it would be looked up."""
    read, pack, item, is_a, tuples = _host_reader(), _packer(), tuple.__getitem__, isinstance, tuple

    def judge(args: tuple[Any, ...]) -> str | None:
        if not is_a(args[1], tuples):
            return None
        host = read(item(args[1], 0))
        if host == "" or (host is not None and pack(host) is not None):
            return None
        return f"bind to the name {item(args[1], 0)!r}"

    return judge


def _lookup_judge(verb: str, endpoints: Endpoints) -> Judge:
    """Looking up: `localhost`, this machine's numeric addresses, the hosts that are allowed."""
    read, pack, here, names = _host_reader(), _packer(), _here(), endpoints.names | {"localhost", ""}
    numeric = frozenset(address for address, _ in endpoints.addresses)

    def judge(args: tuple[Any, ...]) -> str | None:
        host = read(args[0])
        if host is None:
            return f"{verb} of {args[0]!r}"
        found = pack(host)
        known = host.lower() in names if found is None else here(found) or found in numeric
        return None if known else f"{verb} of {host!r}"

    return judge


def _getnameinfo_judge(endpoints: Endpoints) -> Judge:
    look_up, item = _lookup_judge("getnameinfo", endpoints), tuple.__getitem__

    def judge(args: tuple[Any, ...]) -> str | None:
        return look_up((item(args[0], 0),))

    return judge


def _new_socket_judge() -> Judge:
    """Other families could send without an address (AF_PACKET) or to another host (AF_VSOCK, AF_BLUETOOTH).

    Family -1 is a socket made of an open descriptor, whose family was judged when it was opened.
    """
    families = frozenset({-1, _socket.AF_INET, _socket.AF_INET6, getattr(_socket, "AF_UNIX", -1)})
    raw, kinds = _socket.SOCK_RAW, 0xF

    def judge(args: tuple[Any, ...]) -> str | None:
        _, family, type_, _ = args
        if family in families and (family == -1 or type_ & kinds != raw):
            return None
        return f"a socket of family {family!r} and type {type_!r}"

    return judge


def _program_judge(event: str) -> Judge:
    """A program would not be under the hook, so none may start."""

    def judge(args: tuple[Any, ...]) -> str | None:
        return f"{event} of {args[0]!r}"

    return judge
