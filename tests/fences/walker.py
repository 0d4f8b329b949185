"""Every command of the program but `serve`, one after the other in one process, as `main` would run each.

    python -m tests.fences.walker HOME

Prints one JSON object: of each the exit code, the seconds, and the end of what it printed.
"""

import io
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from chatapp import cli
from tests.fences.recipes import RECIPES, words

TAIL = 600
GENERAL_QUESTIONS = 2
"""Of 150 that `finetune quantize` asks before and after: they are arithmetic, and a minute or two of it."""


@contextmanager
def argued(arguments: list[str]) -> Iterator[None]:
    """The command line in place of this program's own."""
    before, sys.argv = sys.argv, ["firstline", *arguments]
    yield
    sys.argv = before


def shortened() -> None:
    """Leave out what takes long and calls nothing that the rest does not."""
    from chatapp.commands.finetune import quantize as finetune_quantize

    read = finetune_quantize.read_choices
    finetune_quantize.read_choices = lambda: read()[:GENERAL_QUESTIONS]


def run(name: str, home: Path) -> tuple[int, float, str]:
    """Exit code, seconds and last words."""
    said, code, began = io.StringIO(), 0, time.monotonic()
    if name == "finetune quantize":  # not sooner: behind the fences
        shortened()
    with argued(words(name, home)), redirect_stdout(said), redirect_stderr(said):
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
    return code, round(time.monotonic() - began, 1), said.getvalue()[-TAIL:]


if __name__ == "__main__":
    ended = {name: run(name, Path(sys.argv[1])) for name in RECIPES if name != "serve"}
    sys.stdout.write(json.dumps(ended))
