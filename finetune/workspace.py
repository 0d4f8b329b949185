"""The folder of a run: what lies in it, which command wrote it, and how its JSON files are read.

run.json, curve.jsonl, outcome.json    `run`: what it was given, how its loss went, how it ended
adapter/, adapter.gguf                 `run`: what came of it, for PEFT and for llama.cpp
checkpoints/, tensorboard/             `run`, while it goes on; checkpoints are removed at its end
.lock                                  held by the process that runs it
policy.toml, figures.json              `eval`: thresholds, and the answers to held-out questions
export/, forms.json                    `quantize`: merged and quantised files, and what was measured of each
gate.json, MODEL_CARD.md               `gate`: the verdict, and the card
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finetune.errors import RunError

RUN, CURVE, OUTCOME, LOCK = "run.json", "curve.jsonl", "outcome.json", ".lock"
PEFT_ADAPTER, CHECKPOINTS, TENSORBOARD = "adapter", "checkpoints", "tensorboard"
FIGURES, EXPORT, GATE = "figures.json", "export", "gate.json"


@contextmanager
def whole_json(path: Path) -> Iterator[Any]:
    """A JSON file's content; what is wrong with it, or found missing in it, is a RunError that names the file."""
    with named_fault(str(path)):
        yield json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def named_fault(what: str) -> Iterator[None]:
    """What is found wrong or missing in `what`, a file or a line of it, is a RunError that names it."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        hint = "Delete the run's folder, or put the file back as it was."
        raise RunError(f"{what} is damaged: {why}.", hint) from error
