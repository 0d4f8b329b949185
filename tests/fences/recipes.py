"""Every command of the program with words that take it through its libraries, on a pack so small that it takes seconds.

The commands are read from the program itself, so one that has no recipe here fails the tests that walk them.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from chatapp.cli import app

_QUICK = [
    *("--set", "rank=2", "--set", "alpha=4", "--set", "targets=q_proj", "--set", "dropout=0"),
    *("--set", "measurements=1", "--set", "learning_rate=5e-3", "--set", "epochs=0.1", "--set", "precision=fp32"),
]
RECIPES: dict[str, list[str]] = {
    "version": [],
    "doctor": ["--json"],
    "router train": ["PACK"],
    "router calibrate": ["PACK", "--local", "0.5", "--out", "HOME/policy.toml"],
    "router eval": ["PACK", "--out", "HOME/report.html"],
    "router explain": ["Who are you?"],
    "router learn": ["PACK"],
    "route": ["Who are you?", "--json"],
    "ask": ["Who are you?", "--json"],
    "safety tune": ["PACK", "--json"],
    "safety evaluate": ["--data", "HOME/danger.jsonl", "PACK", "--json"],
    "encoder tune": ["PACK", "--epochs", "1", "--rank", "2"],
    "finetune data check": ["PACK", "--json"],
    "finetune data from-log": ["PACK", "--out", "HOME/candidates.jsonl"],
    "finetune data approve": ["HOME/candidates.jsonl", "--pack", "PACK"],
    "finetune data add": ["HOME/candidates.jsonl", "--pack", "PACK"],
    "finetune estimate": ["PACK", *_QUICK],
    "finetune run": ["PACK", *_QUICK, "--json"],
    "finetune sweep": ["PACK", *_QUICK, "--grid", "rank=2", "--questions", "1"],
    "finetune runs": ["PACK", "--out", "HOME/runs.html"],
    "finetune eval": ["PACK", "--side-by-side", "HOME/side.html"],
    "finetune quantize": ["PACK", "--prompts", "2", "--torch", "1"],
    "finetune gate": ["PACK"],
    "finetune promote": ["PACK"],
    "finetune rollback": ["PACK"],
    "bench router": [],
    "bench local": ["--streams", "1,2", "--questions", "2"],
    "servers": [],
    "serve": ["--port", "0"],
}
"""In an order in which each finds what it needs. PACK and HOME stand for folders."""

SAYS_NO = {
    "router learn": 2,
    "safety tune": 2,
    "safety evaluate": 2,
    "finetune gate": 2,
    "finetune promote": 2,
    "finetune rollback": 2,
}
"""Exit codes of those that have loaded their libraries and find nothing to do: so small a pack has no verdicts to learn
from, tells no danger, and has nothing that may be released.
"""


def commands(command: Any = None, name: str = "") -> Iterator[str]:
    """The full name of every command of the program."""
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name
        return
    for word, one in inner.items():
        yield from commands(one, f"{name} {word}".strip())


def words(name: str, home: Path) -> list[str]:
    """The command and its words, for a folder that `small_home` has furnished."""
    folders = {"PACK": str(home / "pip"), "HOME": str(home)}
    filled = RECIPES[name]
    for placeholder, folder in folders.items():
        filled = [word.replace(placeholder, folder) for word in filled]
    return [*name.split(), *filled]


def small_home(folder: Path) -> Path:
    """A folder with the small pack in it: two dozen training pairs, and two held-out questions."""
    shipped = ("adapter.gguf", "policy.toml", "card.md")
    pack = shutil.copytree("packs/pip", folder / "pip", ignore=shutil.ignore_patterns(*shipped))
    pairs = json.loads((pack / "train" / "identity.json").read_text())
    (pack / "train" / "identity.json").write_text(json.dumps(pairs[:24]))
    lines = (pack / "eval" / "identity.jsonl").read_text().splitlines()
    few = [next(line for line in lines if part in line) for part in ('"identity.', '"ferry.')]
    for name in ("questions", "messages"):
        (pack / "eval" / f"{name}.jsonl").write_text("\n".join(few) + "\n")
    return folder
