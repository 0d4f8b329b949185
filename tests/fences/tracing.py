"""What processes say to the network, by the kernel's account: their system calls, as `strace` shows them."""

import ipaddress
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

_STRACE = ("strace", "-f", "-qq", "-s", "160", "-e", "trace=socket,connect,sendto,sendmsg,sendmmsg")
"""With all children and threads."""
_FASTER = ("--seccomp-bpf",)
"""Stops a program at these calls alone. It does not see what a fence refuses: behind fences every call is looked at."""

_DNS = 53
_ADDRESS = re.compile(r"sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )\"([^\"]+)\"")
_SOCKET = re.compile(r"\bsocket\((\w+), ([\w|]+), (\w+)")
_FAMILIES = frozenset({"AF_UNIX", "AF_INET", "AF_INET6"})
_LIBUUID = ("AF_INET", "SOCK_DGRAM", "IPPROTO_IP")
"""Opened to ask this machine's own interfaces, and closed: what is sent on it would show. The resolver and curl open
theirs with other flags or in another family."""


def can_trace() -> bool:
    """Whether `strace` is here."""
    return shutil.which("strace") is not None


def traced(trace: Path, *, fenced: bool) -> list[str]:
    """What stands before a command for its calls to go to the file."""
    return [*_STRACE, *(() if fenced else _FASTER), "-o", str(trace)]


def outside(trace: Path) -> list[str]:
    """The calls that would reach, or ask for, anything but this machine: empty is what is promised."""
    return [line for line in trace.read_text(errors="replace").splitlines() if _leaves(line)]


def _leaves(line: str) -> bool:
    if opened := _SOCKET.search(line):
        family, kind, _ = opened.groups()
        return family not in _FAMILIES or _unusual(family, kind.split("|")[0], opened.groups())
    return any(port == _DNS or not _here(host) for port, host in _addressed(line))


def _unusual(family: str, kind: str, whole: tuple[str, ...]) -> bool:
    return family != "AF_UNIX" and kind != "SOCK_STREAM" and whole != _LIBUUID


def _addressed(line: str) -> Iterator[tuple[int, str]]:
    return ((int(port), host) for port, host in _ADDRESS.findall(line))


def _here(host: str) -> bool:
    address = ipaddress.ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
