"""Waiting threads give their processor away: the variable is set in time, and libgomp takes it."""

import os
import subprocess
import sys

import pytest

from localmodel.openmp import SPINS, spins_long, yield_soon

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="libgomp is Linux's")


def told(code: str, **environment: str) -> str:
    """What libgomp says of itself when it is loaded, in a process of its own."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("GOMP_", "OMP_"))}
    everything = plain | environment | {"OMP_DISPLAY_ENV": "verbose"}
    done = subprocess.run([sys.executable, "-c", code], env=everything, capture_output=True, text=True, check=True)
    return done.stderr


@LINUX
@pytest.mark.parametrize("package", ["localmodel", "router", "chatapp", "finetune"])
def test_llama_cpp_is_loaded_with_threads_that_yield(package: str) -> None:
    assert f"GOMP_SPINCOUNT = '{SPINS}'" in told(f"import {package}, llama_cpp")


@LINUX
def test_what_the_operator_has_said_stays() -> None:
    assert "GOMP_SPINCOUNT = '77'" in told("import localmodel, llama_cpp", GOMP_SPINCOUNT="77")
    passive = told("import localmodel, llama_cpp", OMP_WAIT_POLICY="PASSIVE")
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in passive
    assert "GOMP_SPINCOUNT = '0'" in passive


@LINUX
def test_without_us_libgomp_spins_a_thousand_times_as_long() -> None:
    assert "GOMP_SPINCOUNT = '300000'" in told("import llama_cpp")


def test_a_variable_that_is_set_but_empty_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")
    yield_soon()
    assert os.environ["GOMP_SPINCOUNT"] == str(SPINS)


@pytest.mark.parametrize(
    ("environment", "long"),
    [
        ({}, False),
        ({"GOMP_SPINCOUNT": "300"}, False),
        ({"OMP_WAIT_POLICY": "passive"}, False),
        ({"OMP_WAIT_POLICY": " Active "}, True),
        ({"GOMP_SPINCOUNT": "INFINITE"}, True),
        ({"GOMP_SPINCOUNT": "infinity"}, True),
        ({"OMP_WAIT_POLICY": "ACTIVE", "GOMP_SPINCOUNT": "300"}, False),  # the count decides
    ],
)
def test_threads_that_never_yield_are_noticed(environment: dict[str, str], long: bool) -> None:
    assert spins_long(environment) is long
