"""The hook as a plain function, called with the events that the interpreter would raise."""

import _socket
import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.errors import FenceError
from chatapp.fences.audit import Refusal, build_hook, holds
from chatapp.fences.endpoints import Endpoints, packed

DATABASE = Endpoints(frozenset({(bytes([203, 0, 113, 7]), 5432)}), frozenset({"db.example"}), ("db.example port 5432",))
SOCKET = object()
SENDS = ["socket.connect", "socket.sendto", "socket.sendmsg"]
LOOKUPS = ["socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"]


class Sly(str):
    """A text that claims to be another one."""

    __slots__ = ()

    def lower(self) -> str:
        return "localhost"

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


class SlyTuple(tuple[Any, ...]):
    """A tuple that shows Python another first item than it holds."""

    __slots__ = ()

    def __getitem__(self, place: Any) -> Any:
        return "127.0.0.1"


HERE: list[object] = [
    ("127.0.0.1", 1),
    ("127.9.9.9", 1),
    ("0.0.0.0", 1),
    ("", 1),
    (b"127.0.0.1", 1),
    ("::1", 1),
    ("::1", 1, 0, 0),
    ("::", 1),
    ("::ffff:127.0.0.1", 1),
    ("::ffff:0.0.0.0", 1),
    ("0:0:0:0:0:0:0:1", 1),
    "/run/database.sock",
    b"\0abstract",
    None,
]
THE_DATABASE: list[object] = [("203.0.113.7", 5432), ("::ffff:203.0.113.7", 5432)]
ELSEWHERE: list[object] = [
    ("203.0.113.7", 5433),
    ("203.0.113.7", 5432.0),
    ("203.0.113.8", 5432),
    ("255.255.255.255", 1),
    ("<broadcast>", 1),
    ("224.0.0.1", 1),
    ("0.0.0.1", 1),
    ("128.0.0.1", 1),
    ("127.1", 1),
    ("0x7f000001", 1),
    ("2130706433", 1),
    ("127.0.0.1.example.com", 1),
    ("127.0.0.1 ", 1),
    ("127.0.0.1\0.example.com", 1),
    ("localhost", 1),
    ("db.example", 5432),
    ("::ffff:203.0.113.8", 1),
    ("::127.0.0.1", 1),
    ("64:ff9b::7f00:1", 1),
    ("7f00::", 1),
    ("fe80::1", 1, 0, 2),
    ("::1%eth0", 1),
    ("１２７.0.0.1", 1),
    (b"\xff", 1),
    (bytearray(b"127.0.0.1"), 1),
    (Sly("example.com"), 1),
    SlyTuple(("203.0.113.8", 1)),
    (3, 1),
]
KNOWN = [None, "", "localhost", "LocalHost", b"localhost", "127.0.0.1", "::1", "db.example", "203.0.113.7"]
UNKNOWN = [
    "example.com",
    "localhost.example.com",
    "localhost.",
    "ⓛocalhost",
    "203.0.113.8",
    "x.db.example",
    7,
]


def refused(event: str, *args: Any) -> bool:
    log: list[Refusal] = []
    try:
        build_hook(DATABASE, log.append)(event, args)
    except FenceError:
        assert len(log) == 1
        return True
    assert not log
    return False


@pytest.mark.parametrize("address", HERE + THE_DATABASE)
@pytest.mark.parametrize("event", SENDS)
def test_this_machine_and_the_database_may_be_sent_to(event: str, address: object) -> None:
    assert not refused(event, SOCKET, address)


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("event", SENDS)
def test_nothing_else_may_be_sent_to(event: str, address: object) -> None:
    assert refused(event, SOCKET, address)


@pytest.mark.parametrize("host", KNOWN)
@pytest.mark.parametrize("event", LOOKUPS)
def test_what_may_be_looked_up(event: str, host: object) -> None:
    assert not refused(event, host, 80, 0, 0, 0)


@pytest.mark.parametrize("host", [*UNKNOWN, Sly("example.com")])
@pytest.mark.parametrize("event", LOOKUPS)
def test_what_may_not_be_looked_up(event: str, host: object) -> None:
    assert refused(event, host, 80, 0, 0, 0)


def test_reverse_lookups() -> None:
    assert not refused("socket.getnameinfo", ("127.0.0.1", 80))
    assert refused("socket.getnameinfo", ("203.0.113.8", 80))


@pytest.mark.parametrize("address", [("0.0.0.0", 80), ("203.0.113.8", 80), ("", 0), ("::", 80), "/run/s"])
def test_listening_is_the_operators_choice(address: object) -> None:
    assert not refused("socket.bind", SOCKET, address)


@pytest.mark.parametrize("host", ["example.com", "localhost", Sly("0.0.0.0"), 7])
def test_a_name_is_not_bound_to(host: object) -> None:
    assert refused("socket.bind", SOCKET, (host, 80))


@pytest.mark.parametrize(
    ("family", "kind", "allowed"),
    [
        (_socket.AF_INET, _socket.SOCK_STREAM, True),
        (_socket.AF_INET6, _socket.SOCK_DGRAM, True),
        (_socket.AF_UNIX, _socket.SOCK_STREAM, True),
        (-1, -1, True),
        (_socket.AF_INET, _socket.SOCK_RAW, False),
        (_socket.AF_INET6, _socket.SOCK_RAW | 0o4000, False),
        (17, 3, False),
        (40, 1, False),
        (31, 3, False),
    ],
)
def test_families_of_sockets(family: int, kind: int, allowed: bool) -> None:
    assert refused("socket.__new__", SOCKET, family, kind, 0) is not allowed


@pytest.mark.parametrize(
    "event", ["os.exec", "os.system", "os.posix_spawn", "subprocess.Popen", "pty.spawn", "os.spawn"]
)
def test_programs_are_refused(event: str) -> None:
    assert refused(event, b"/bin/true", [], None)


@pytest.mark.parametrize("event", ["open", "import", "os.fork", "socket.gethostname", "ctypes.dlopen"])
def test_other_events_pass(event: str) -> None:
    assert not refused(event, "x")


def test_a_refusal_names_what_was_refused_and_says_what_is_allowed() -> None:
    log: list[Refusal] = []
    with pytest.raises(FenceError) as caught:
        build_hook(DATABASE, log.append)("socket.connect", (SOCKET, ("203.0.113.8", 80)))
    assert caught.value.what == "Refused by local-only mode: connect to '203.0.113.8' port 80."
    assert "this machine, its database and its local servers" in caught.value.hint
    assert isinstance(caught.value, PermissionError)
    assert caught.value.errno == 13
    assert str(caught.value).startswith("Refused by")
    assert log[0].what == "connect to '203.0.113.8' port 80"


def test_a_probe_is_refused_and_not_recorded() -> None:
    log: list[Refusal] = []
    with pytest.raises(FenceError):
        build_hook(DATABASE, log.append)("socket.connect", (None, ("203.0.113.1", 9)))
    assert log == []


def test_no_fence_stands_in_this_process() -> None:
    assert not holds()


@given(st.ip_addresses())
def test_an_address_may_be_connected_to_only_if_it_is_this_machine(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    plain = getattr(address, "ipv4_mapped", None) or address
    here = plain.is_loopback or plain.is_unspecified
    assert refused("socket.connect", SOCKET, (str(address), 80)) is not here


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_its_ipv4_address(address: ipaddress.IPv4Address) -> None:
    assert packed(f"::ffff:{address}") == packed(str(address)) == address.packed


@given(st.text() | st.binary())
def test_text_that_is_no_address_of_this_machine_is_refused(host: str | bytes) -> None:
    text = host if isinstance(host, str) else host.decode("latin-1")
    try:
        socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        assert refused("socket.connect", SOCKET, (host, 80)) is (text not in {"", "::", "::1"})
