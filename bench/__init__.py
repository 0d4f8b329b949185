"""Every figure of docs/figures.md, as a command that prints it."""

import sys

from chatapp.start import start

STARTS_PROGRAMS = frozenset(
    f"bench.{name}" for name in ("conversation", "conversations", "customers", "local_only", "mutation", "speed")
)
"""These run the product in processes of its own, which raise its fences; behind fences they could start none."""

if sys.argv[:1] == ["-m"] and not STARTS_PROGRAMS.intersection(sys.orig_argv):  # `python -m bench.…` finds its module
    start()
