"""The third fence: a seccomp filter, by which the Linux kernel refuses programs and every socket but TCP's
and Unix's.

Landlock knows neither UDP (and with it DNS) nor programs. The filter is classic BPF over `struct
seccomp_data` (linux/seccomp.h): the call's number at 0, the architecture at 4, the arguments from 16 on,
eight bytes each.
"""

import ctypes
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from errno import EACCES

from chatapp.fences.landlock import load_libc, no_new_privileges
from chatapp.fences.report import KernelFence

_SET_FILTER, _ALL_THREADS = 1, 1
_LOAD, _AND = 0x20, 0x54  # BPF_LD|BPF_W|BPF_ABS, BPF_ALU|BPF_AND|BPF_K
_EQUAL, _AT_LEAST, _RETURN = 0x15, 0x35, 0x06  # BPF_JMP|BPF_JEQ|BPF_K, BPF_JMP|BPF_JGE|BPF_K, BPF_RET|BPF_K
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | EACCES  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
_NUMBER, _ARCHITECTURE, _FAMILY, _TYPE, _PROTOCOL = 0, 4, 16, 24, 32
_X32 = 0x40000000
_IO_URING_SETUP = 425  # its operations open sockets past the filter
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_STREAM, _DATAGRAM, _KIND, _TCP, _UDP = 1, 2, 0xF, 6, 17


@dataclass(frozen=True, slots=True)
class _Machine:
    """Call numbers of an architecture; `audit` is its AUDIT_ARCH_ number of linux/audit.h."""

    audit: int
    seccomp: int
    socket: int
    programs: tuple[int, ...]


_MACHINES = {
    "x86_64": _Machine(0xC000003E, 317, 41, (59, 322)),
    "aarch64": _Machine(0xC00000B7, 277, 198, (221, 281)),
}

_Step = tuple[int, int, str, str]
"""Code, value, where to go if true and if false: `next`, `skip` (over the next), `allow` or `refuse`."""


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(_Instruction)))


def raise_seccomp(*, lookups: bool) -> KernelFence:
    """Refuse programs and all sockets but TCP and Unix, in every thread and in what they start. Never raises.

    `lookups` leaves UDP open, which a database or a server given by name needs to be found.
    """
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None:
        return KernelFence("seccomp", False, f"no filter for {sys.platform} on {platform.machine()!r}")
    try:
        _restrict(machine, _filter(machine, lookups=lookups))
    except OSError as error:
        return KernelFence("seccomp", False, f"the kernel refused: {error.strerror}")
    udp = "UDP is open, for an allowed name must be looked up" if lookups else "no UDP, so no DNS"
    return KernelFence("seccomp", True, f"no programs, no raw sockets, {udp}")


def _restrict(machine: _Machine, steps: list[_Step]) -> None:
    array = (_Instruction * (len(steps) + 2))(*(_Instruction(*step) for step in _assembled(steps)))
    program = _Program(len(array), array)
    libc = load_libc()
    no_new_privileges(libc)
    if libc.syscall(machine.seccomp, _SET_FILTER, _ALL_THREADS, ctypes.byref(program)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _filter(machine: _Machine, *, lookups: bool) -> list[_Step]:
    refused = [(_EQUAL, call, "refuse", "next") for call in (*machine.programs, _IO_URING_SETUP)]
    datagram = [(_EQUAL, _DATAGRAM, "skip", "next")] if lookups else []
    udp = [(_EQUAL, _UDP, "allow", "next")] if lookups else []
    return [
        (_LOAD, _ARCHITECTURE, "next", "next"),
        (_EQUAL, machine.audit, "next", "refuse"),
        (_LOAD, _NUMBER, "next", "next"),
        (_AT_LEAST, _X32, "refuse", "next"),
        *refused,
        (_EQUAL, machine.socket, "next", "allow"),
        (_LOAD, _FAMILY, "next", "next"),
        (_EQUAL, _UNIX, "allow", "next"),
        (_EQUAL, _NETLINK, "allow", "next"),  # the C library asks it for this machine's interfaces
        (_EQUAL, _INET, "skip", "next"),
        (_EQUAL, _INET6, "next", "refuse"),
        (_LOAD, _TYPE, "next", "next"),
        (_AND, _KIND, "next", "next"),
        *datagram,
        (_EQUAL, _STREAM, "next", "refuse"),
        (_LOAD, _PROTOCOL, "next", "next"),
        (_EQUAL, 0, "allow", "next"),
        *udp,
        (_EQUAL, _TCP, "allow", "refuse"),  # MPTCP and SCTP would pass Landlock
    ]


def _assembled(steps: list[_Step]) -> Iterator[tuple[int, int, int, int]]:
    """The steps with their jumps as distances, and after them the two verdicts, allow and refuse."""
    for place, (code, value, if_true, if_false) in enumerate(steps):
        left = len(steps) - place - 1
        distance = {"next": 0, "skip": 1, "allow": left, "refuse": left + 1}
        yield code, distance[if_true], distance[if_false], value
    yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _REFUSE
