"""The second fence: Landlock, by which the Linux kernel refuses TCP connections, including those of code below
Python.

It distinguishes ports, not hosts. The numbers are those of linux/landlock.h, the same on every architecture;
the wheel `landlock` (1.0.0.dev5) has no network rules. Kernel documentation: userspace-api/landlock.
"""

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from chatapp.fences.report import KernelFence

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION = 1
_CONNECT_TCP = 1 << 1
_RULE_NET_PORT = 2
_SCOPE_ABSTRACT_UNIX = 1
_NET_ABI, _SCOPE_ABI = 4, 6
_NO_NEW_PRIVS = 38


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _NetPort(ctypes.Structure):
    _fields_ = (("access", ctypes.c_uint64), ("port", ctypes.c_uint64))


def raise_landlock(ports: Iterable[int]) -> KernelFence:
    """Refuse TCP connections but to `ports`, in this thread and all that it starts. Never raises.

    What the process listens on, and the connections it accepts, are untouched. Where the kernel has it (ABI
    6), abstract Unix sockets of other processes are refused too. Threads that already run would stay
    outside, so with such threads the fence counts as not up.
    """
    abi = _abi()
    if abi <= 0:
        return KernelFence("Landlock", False, "this kernel has no Landlock")
    if abi < _NET_ABI:
        return KernelFence("Landlock", False, f"ABI {abi} of this kernel; network rules need {_NET_ABI}", abi)
    before = _other_threads()
    try:
        _restrict(sorted(ports), abi)
    except OSError as error:
        return KernelFence("Landlock", False, f"the kernel refused: {error.strerror}", abi)
    if before:
        return KernelFence("Landlock", False, f"{before} threads started before it are outside", abi)
    to = ", ".join(map(str, sorted(ports)))
    allowed = f"to port {to} alone, of any host" if to else "anywhere, not even to this machine"
    return KernelFence("Landlock", True, f"ABI {abi}, no TCP connection {'but ' if to else ''}{allowed}", abi)


def no_new_privileges(libc: ctypes.CDLL) -> None:
    """Both kernel fences ask for it; it also keeps set-user-ID programs from escaping. Raises OSError."""
    _checked(libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))


def load_libc() -> ctypes.CDLL:
    """The C library of this process; its calls set `ctypes.get_errno`."""
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _abi() -> int:
    if sys.platform != "linux":
        return 0
    return int(load_libc().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION)))


def _other_threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir()) - 1


def _restrict(ports: list[int], abi: int) -> None:
    libc = load_libc()
    rules = _Ruleset(net=_CONNECT_TCP, scoped=_SCOPE_ABSTRACT_UNIX if abi >= _SCOPE_ABI else 0)
    ruleset = _checked(libc.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), 0))
    try:
        for port in ports:
            rule = _NetPort(access=_CONNECT_TCP, port=port)
            _checked(libc.syscall(_ADD_RULE, ruleset, _RULE_NET_PORT, ctypes.byref(rule), 0))
        no_new_privileges(libc)
        _checked(libc.syscall(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)
