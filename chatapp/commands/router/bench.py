"""`firstline bench router`."""

from importlib import import_module
from pathlib import Path

from chatapp.errors import OperatorError


def bench_router(clinc: Path | None, banking: Path | None, *, as_json: bool) -> None:
    """Run `bench.router`, which lives in the source tree and is not installed."""
    try:
        run = import_module("bench.router").run
    except ImportError as error:
        hint = "Run it from the root of a checkout, after `make test` has set it up."
        raise OperatorError(f"The benchmarks are not here ({error}).", hint) from error
    run(clinc, banking, as_json=as_json)
