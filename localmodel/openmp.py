"""Threads of OpenMP that wait soon give their processor away.

The threads of llama.cpp wait for each other more than a thousand times a token. libgomp lets a waiting thread spin for
some milliseconds before it sleeps. Where something else wants the processor, the thread spins in the place of the very
partner that it waits for, and a token takes seconds. Some hundred microseconds are enough on a quiet machine, where a
thread that slept would be woken too late for a third of its work, and cost little on a busy one:
`python -m bench.neighbours` measures both.

libgomp reads its variables once, when it is loaded. So this is imported by the packages of this project before anything
that brings libgomp: llama.cpp, PyTorch, scikit-learn, and processes that they start.
"""

import os
from collections.abc import Mapping

SPINS = 10_000
"""Some hundred microseconds. With 300, tried too, a token took 38 ms alone instead of 21 on a virtual machine, where a
thread is slow to wake; beside four busy processes the two were alike.
"""
_OPERATORS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def yield_soon() -> None:
    """Set GOMP_SPINCOUNT, unless the operator has said how threads shall wait."""
    if not any(os.environ.get(name) for name in _OPERATORS):
        os.environ["GOMP_SPINCOUNT"] = str(SPINS)


def spins_long(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the operator has threads wait without ever giving their processor away."""
    count = environment.get("GOMP_SPINCOUNT", "").strip().lower()
    policy = environment.get("OMP_WAIT_POLICY", "").strip().lower()
    return count.startswith("inf") or (not count and policy == "active")


yield_soon()
