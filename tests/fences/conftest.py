"""The fences cannot be taken down, so they are raised in a process of their own, which prints what it saw."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Fenced = Callable[..., Any]

PRELUDE = """
import json, os, socket, sys, warnings
warnings.simplefilter("error")
from chatapp.fences import raise_fences
allowed = [tuple(pair) for pair in json.loads(sys.argv[1])]
{before}
report = raise_fences(allowed)

def outcome(act):
    try:
        act()
    except BaseException as error:
        chain = []
        while error is not None:
            chain.append(type(error).__name__)
            error = error.__cause__ or error.__context__ or getattr(error, "reason", None)
        return chain
    return "done"

"""


@pytest.fixture
def fenced() -> Fenced:
    """Runs code behind the fences; gives what the code left in `result`.

    `before` runs just before they rise.
    """

    def run(code: str, *allowed: tuple[str, int], before: str = "") -> Any:
        script = PRELUDE.format(before=textwrap.dedent(before)) + textwrap.dedent(code)
        root = str(Path(__file__).parents[2])
        done = subprocess.run(
            [sys.executable, "-c", script + "\nprint(json.dumps(result))", json.dumps(allowed)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "PYTHONPATH": root, "HF_HUB_OFFLINE": "1"},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run
