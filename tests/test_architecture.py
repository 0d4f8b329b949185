"""Calls go one way: who may import whom."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

STOREYS = {
    "localmodel": (
        "errors quiet openmp atomic_files cgroups",  # no sentence of them mentions a model's inside
        "processors memory",  # what of the machine this process may use
        "gguf_names model_file chat_template prompt llama release",  # the files, the prompt and the engine
        "vocabulary adapter quantize",  # a model's tokens, what is laid over its weights, and their kinds
        "merge",  # both in one file
        "unpacked",  # weights that compute quickly
    ),
    "language": (
        "protocol",  # what must be known of a language
        "contacts english",  # the languages, one a room
        "registry",  # which of them a pack means
    ),
    "router": (
        "errors versions arrays plain",  # the ground floor: no sentence of them mentions a message
        "types stats bundle",  # what goes in and comes out; shares and their uncertainty; what was learnt, on disk
        "text",  # what a message's words say
        "pack",  # what a deployment answers
        "encoder",  # text into vectors
        "model",  # vectors and letters into probabilities
        "outcomes",  # how likely the local model is to answer well
        "policy",  # probabilities into a decision
        "danger",  # what is told before any of it
        "training",  # a pack into all of these
        "reader",  # how one message is read
        "router",  # a message in, a decision out
        "evaluation",  # how often that is right
    ),
    "finetune": (
        "errors",
        "workspace",
        "data",
        "training",
        "export",
        "judging",
    ),
    "engine": (
        "errors ask options stops warm draft weights",  # what is asked, and what is known without a model
        "call capacity runtime",  # one call; the memory; llama.cpp's context
        "sampler",
        "running",  # one answer in the making
        "scheduler",  # who is answered when
        "engine",  # all of it in a thread
    ),
    "chatapp": (
        "addresses characters guards paths",
        "errors",
        "environment fences store",
        "settings",
        "backends listener start",
        "context serving",
        "turn",
        "assembly",
        "evaluation web",
        "main reports",
        "checks",
        "commands",
        "cli",
    ),
}
"""The rooms of each package, from the ground up: a room imports only rooms on the lines above its own."""

FORBIDDEN = {
    "language": ("chatapp", "engine", "finetune", "router", "localmodel", "bench", "tests"),
    "router": (
        "chatapp",
        "engine",
        "finetune",
        "bench",
        "fastapi",
        "starlette",
        "sqlmodel",
        "sqlalchemy",
        "openai",
        "httpx",
    ),
    "localmodel": ("chatapp", "engine", "finetune", "router", "language", "bench", "tests"),
    "finetune": ("chatapp", "engine", "bench"),
    "engine": ("chatapp", "finetune", "router", "language", "bench", "tests", "asyncio"),
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


@cache
def modules() -> dict[str, Path]:
    """Every module of the packages that have storeys, by its name."""
    return {_name(path): path for package in STOREYS for path in sorted(Path(package).rglob("*.py"))}


def _name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def graph() -> dict[str, set[str]]:
    """What each module imports of the others, counting imports in functions and for type checkers."""
    return {name: imports(path) - {name} for name, path in modules().items()}


def imports(path: Path) -> set[str]:
    """Modules of ours that a file imports: `from a import b` means a.b where that is one, else a."""
    found = {
        f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in modules() else str(node.module)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return (found | imported(path)) & modules().keys()


KNOW_FINETUNE = ("chatapp/commands/", "chatapp/evaluation/", "chatapp/reports/")
"""What of the application imports `finetune`: nothing that serves."""


def room(module: str) -> str:
    """The room that a module stands in: `router.pack` of `router.pack.load`."""
    return ".".join(module.split(".")[:2])


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


@pytest.mark.parametrize("package", STOREYS)
def test_every_room_has_its_storey(package: str) -> None:
    declared = [f"{package}.{name}" for line in STOREYS[package] for name in line.split()]
    there = {room(name) for name in modules() if name.startswith(f"{package}.")}
    assert sorted(declared) == sorted(there - {f"{package}.__main__"})


@pytest.mark.parametrize("package", STOREYS)
def test_a_room_imports_only_rooms_of_lower_storeys(package: str) -> None:
    storey = {f"{package}.{name}": at for at, line in enumerate(STOREYS[package]) for name in line.split()}
    wrong = [
        f"{room(name)} -> {room(other)}"
        for name in graph()
        for other in graph()[name]
        if {room(name), room(other)} <= storey.keys()
        if room(name) != room(other) and storey[room(other)] >= storey[room(name)]
    ]
    assert sorted(set(wrong)) == []


def test_nothing_that_serves_imports_the_trainer() -> None:
    wrong = [
        f"{file} imports {name}"
        for file in sorted(Path("chatapp").rglob("*.py"))
        if not file.as_posix().startswith(KNOW_FINETUNE)
        for name in imported(file)
        if name.split(".")[0] == "finetune"
    ]
    assert wrong == []


def test_models_are_loaded_and_templates_rendered_on_the_ground_floor_alone() -> None:
    own = ("from llama_cpp import Llama", "llama_cpp.Llama(", "llama_chat_format", "llama_log_set", "lora_adapter_init")
    wrong = [
        f"{file}: {name}"
        for room in ("chatapp", "finetune", "router")
        for file in sorted(Path(room).rglob("*.py"))
        for name in own
        if name in file.read_text()
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
    rooms = ("language", "localmodel", "engine", "router", "chatapp", "finetune", "bench")
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
