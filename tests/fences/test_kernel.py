"""The kernel's fences with the kernel played: what it is asked, and what is said when it refuses."""

import ctypes
import errno
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.fences import guards, landlock, seccomp
from chatapp.fences.report import FenceReport, KernelFence

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernel fences are Linux's")

X86 = seccomp._MACHINES["x86_64"]


class Kernel:
    """Plays the C library: `answers` by call number, 0 else; a negative one fails with EPERM."""

    def __init__(self, answers: dict[int, int] | None = None) -> None:
        self.answers = answers or {}
        self.calls: list[tuple[Any, ...]] = []

    def syscall(self, number: int, *args: Any) -> int:
        self.calls.append((number, *args))
        ctypes.set_errno(errno.EPERM)
        return self.answers.get(number, 0)

    def prctl(self, *args: Any) -> int:
        self.calls.append(("prctl", *args))
        return 0


Play = Callable[[Kernel], Kernel]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    def install(kernel: Kernel) -> Kernel:
        for module in (landlock, seccomp):
            monkeypatch.setattr(module, "load_libc", lambda: kernel)
        monkeypatch.setattr(landlock, "_other_threads", lambda: 0)
        monkeypatch.setattr("os.close", lambda handle: None)
        monkeypatch.setattr("platform.machine", lambda: "x86_64")
        return kernel

    return install


def test_landlock_allows_the_database_port_alone(play: Play) -> None:
    kernel = play(Kernel({444: 6}))
    fence = landlock.raise_landlock({5432})
    said = "ABI 6, no TCP connection but to port 5432 alone, of any host"
    assert fence == KernelFence("Landlock", True, said, 6)
    assert [call[0] for call in kernel.calls] == [444, 444, 445, "prctl", 446]


@pytest.mark.parametrize(
    ("abi", "said"), [(3, "ABI 3 of this kernel; network rules need 4"), (-1, "this kernel has no Landlock")]
)
def test_a_kernel_without_network_rules(play: Play, abi: int, said: str) -> None:
    play(Kernel({444: abi}))
    assert landlock.raise_landlock(()) == KernelFence("Landlock", False, said, max(abi, 0))


def test_a_kernel_that_refuses_landlock(play: Play) -> None:
    play(Kernel({444: 4, 446: -1}))
    assert landlock.raise_landlock(()).line == "Landlock: not up (the kernel refused: Operation not permitted)"


def test_a_kernel_that_refuses_the_filter(play: Play) -> None:
    play(Kernel({317: -1}))
    assert seccomp.raise_seccomp(lookups=False).detail == "the kernel refused: Operation not permitted"


def test_a_kernel_that_takes_the_filter(play: Play) -> None:
    kernel = play(Kernel())
    fence = seccomp.raise_seccomp(lookups=False)
    assert fence.line == "seccomp: up (no programs, no raw sockets, no UDP, so no DNS)"
    assert [call[:3] for call in kernel.calls] == [("prctl", 38, 1), (317, 1, 1)]


def test_a_machine_without_a_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert seccomp.raise_seccomp(lookups=False).detail == "no filter for linux on 'riscv64'"


def verdict(steps: list[seccomp._Step], data: dict[int, int]) -> bool:
    """Run the filter as the kernel would; whether the call is allowed."""
    program, place, value = list(seccomp._assembled(steps)), 0, 0
    while True:
        code, if_true, if_false, constant = program[place]
        place += 1
        if code == seccomp._RETURN:
            return constant == seccomp._ALLOW
        if code == seccomp._LOAD:
            value = data.get(constant, 0)
        elif code == seccomp._AND:
            value &= constant
        else:
            holds = value == constant if code == seccomp._EQUAL else value >= constant
            place += if_true if holds else if_false


def called(number: int, *args: int, lookups: bool = False, machine: seccomp._Machine = X86) -> bool:
    data = {0: number, 4: machine.audit} | {16 + 8 * place: value for place, value in enumerate(args)}
    return verdict(seccomp._filter(machine, lookups=lookups), data)


@pytest.mark.parametrize("machine", seccomp._MACHINES.values())
@given(
    family=st.sampled_from([0, 1, 2, 10, 16, 17, 30, 40]) | st.integers(0, 60),
    kind=st.sampled_from([1, 2, 3, 5, 10]),
    flags=st.sampled_from([0, 0o4000, 0o2000000]),
    protocol=st.sampled_from([0, 1, 6, 17, 132, 262]),
    lookups=st.booleans(),
)
def test_which_sockets_may_be_made(
    machine: seccomp._Machine, family: int, kind: int, flags: int, protocol: int, lookups: bool
) -> None:
    allowed = called(machine.socket, family, kind | flags, protocol, lookups=lookups, machine=machine)
    if family in (1, 16):
        assert allowed
    elif family in (2, 10):
        kinds, protocols = ((1, 2), (0, 6, 17)) if lookups else ((1,), (0, 6))
        assert allowed is (kind in kinds and protocol in protocols)
    else:
        assert not allowed


@given(st.integers(0, 2**31) | st.sampled_from([*X86.programs, seccomp._IO_URING_SETUP]))
def test_other_calls_pass_and_programs_do_not(number: int) -> None:
    refused = {*X86.programs, seccomp._IO_URING_SETUP}
    if number != X86.socket:
        assert called(number) is (number not in refused and number < seccomp._X32)


def test_calls_of_another_architecture_are_refused() -> None:
    assert not verdict(seccomp._filter(X86, lookups=False), {0: 0, 4: 0x40000003})


def test_the_guards_ask_before_the_method_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("sys.audit", lambda *args: seen.append((args[0], *args[2:])))

    def method(self: object, *args: Any) -> Any:
        return args

    send = guards._asking_first(method, *guards._METHODS["sendmsg"])
    assert send(None, [b"x"]) == ([b"x"],)
    assert seen == []
    assert send(None, [b"x"], [], 0, ("a", 1))[3] == ("a", 1)
    guards._asking_first(method, *guards._METHODS["sendto"])(None, b"x", 0, ("b", 1))
    assert seen == [("socket.sendmsg", ("a", 1)), ("socket.sendto", ("b", 1))]


def test_the_report_says_what_is_not_up() -> None:
    report = FenceReport(KernelFence("Landlock", False, "no such"), KernelFence("seccomp", False, "nor this"))
    assert report.lines[0] == "audit hook: NOT UP"
    assert report.lines[1] == "Landlock: not up (no such)"
    assert report.lines[-1] == "allowed besides this machine: nothing"
    assert report.as_json() == {
        "audit_hook": False,
        "landlock": False,
        "landlock_abi": 0,
        "seccomp": False,
        "loop": "asyncio",
        "allowed": [],
        "refused_by_audit_hook": 0,
        "lines": list(report.lines),
    }
    assert report.refusals == ()
