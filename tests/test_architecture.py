"""Calls go one way: who may import whom."""

import ast
from pathlib import Path

import pytest

FORBIDDEN = {
    "language": ("chatapp", "finetune", "router", "localmodel", "bench", "tests"),
    "router": ("chatapp", "finetune", "bench", "fastapi", "starlette", "sqlmodel", "sqlalchemy", "openai", "httpx"),
    "localmodel": ("chatapp", "finetune", "router", "language", "bench", "tests"),
    "finetune": ("chatapp", "bench"),
    "chatapp": ("bench", "tests"),
    "chatapp/store": ("chatapp.web", "chatapp.turn.task", "chatapp.backends", "chatapp.context", "router.router"),
    "chatapp/context": ("chatapp.web", "chatapp.turn.task", "chatapp.store", "router"),
    "chatapp/backends": ("chatapp.web", "chatapp.turn.task", "chatapp.store", "chatapp.context", "router"),
    "chatapp/guards": ("chatapp.web", "chatapp.turn.task", "chatapp.store", "chatapp.backends", "router"),
    "chatapp/turn/task.py": ("chatapp.web", "chatapp.commands", "fastapi", "starlette"),
    "chatapp/turn/answerer.py": ("chatapp.web", "chatapp.commands", "fastapi", "starlette"),
    "chatapp/fences": ("chatapp.web", "chatapp.turn.task", "chatapp.store", "chatapp.backends"),
}


def imported(path: Path) -> set[str]:
    """Modules that a file names in its imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


FINETUNE = ("errors", "workspace", "data", "training", "export", "judging")
"""The rooms of fine-tuning, each of which knows only those before it."""
KNOW_FINETUNE = ("chatapp/commands/", "chatapp/evaluation/", "chatapp/reports/")
"""What of the application imports `finetune`: nothing that serves."""


@pytest.mark.parametrize("room", FINETUNE)
def test_a_room_of_fine_tuning_knows_only_those_before_it(room: str) -> None:
    path = Path("finetune") / room
    files = sorted(path.rglob("*.py")) or [path.with_suffix(".py")]
    known = {f"finetune.{name}" for name in FINETUNE[: FINETUNE.index(room) + 1]}
    wrong = [
        f"{file} imports {name}"
        for file in files
        for name in imported(file)
        if name.split(".")[0] == "finetune" and ".".join(name.split(".")[:2]) not in known
    ]
    assert wrong == []


def test_nothing_that_serves_imports_the_trainer() -> None:
    wrong = [
        f"{file} imports {name}"
        for file in sorted(Path("chatapp").rglob("*.py"))
        if not file.as_posix().startswith(KNOW_FINETUNE)
        for name in imported(file)
        if name.split(".")[0] == "finetune"
    ]
    assert wrong == []


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_does_not_import_what_it_must_not_know(room: str) -> None:
    files = [Path(room)] if room.endswith(".py") else sorted(Path(room).rglob("*.py"))
    assert files
    wrong = [
        f"{file} imports {name}"
        for file in files
        for name in imported(file)
        for banned in FORBIDDEN[room]
        if name == banned or name.startswith(banned + ".")
    ]
    assert wrong == []


def test_no_file_is_too_long() -> None:
    rooms = ("language", "localmodel", "router", "chatapp", "finetune", "bench")
    long = [str(p) for room in rooms for p in Path(room).rglob("*.py") if len(p.read_text().splitlines()) > 400]
    assert long == []


def test_the_held_out_messages_are_in_no_training_data() -> None:
    import json

    from router.pack.load import load_pack
    from router.pack.overlap import fold, taught

    pack = load_pack("packs/support")
    trained = taught(pack.categories, pack.out_of_scope, pack.dialogues, pack.rules).keys() | {
        fold(row.text) for row in pack.calibration
    }
    for name in ("messages", "questions", "robustness", "second"):
        lines = Path(f"packs/support/eval/{name}.jsonl").read_text(encoding="utf-8").splitlines()
        assert [text for text in (json.loads(line)["text"] for line in lines) if fold(text) in trained] == []
    texts = [[fold(said.message.text) for said in dialogue] for dialogue in pack.dialogues]
    held_out = Path("packs/support/eval/dialogues.jsonl").read_text(encoding="utf-8").splitlines()
    assert [line for line in held_out if [fold(turn["text"]) for turn in json.loads(line)["turns"]] in texts] == []
