"""In local-only mode the fences stand before any command begins, and before a library is loaded that could connect."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fences.recipes import RECIPES, commands

ROOT = Path(__file__).parents[2]

PROBE = """
import json, os, sys
from pathlib import Path
import chatapp.settings
from chatapp import cli
from tests.fences.recipes import RECIPES, words

HEAVY = {"numpy", "torch", "onnxruntime", "transformers", "sentence_transformers", "sklearn", "llama_cpp", "openai",
         "huggingface_hub", "sqlalchemy", "fastapi", "uvicorn", "httpx", "tensorboard", "matplotlib", "peft"}

def probed(command):
    for inner in getattr(command, "commands", {}).values():
        probed(inner)
    if command.callback:
        command.callback = probe
    return command

def probe(**_):
    from chatapp.fences.audit import holds
    status = Path("/proc/self/status")
    kernel = "Seccomp:\\t2" in status.read_text() if status.is_file() else None
    loaded = sorted(HEAVY & set(sys.modules))
    print(json.dumps([holds(), kernel, loaded, os.environ.get("HF_HUB_OFFLINE")]))

program = cli.typer.main.get_command
cli.typer.main.get_command = lambda app: probed(program(app))
for name in RECIPES:  # fences cannot be taken down: each command has a process of its own
    if os.fork() == 0:
        sys.argv = ["firstline", *words(name, Path("/tmp"))]
        print(name, end="\\t", flush=False)
        cli.main()
    os.wait()
"""


def fenced(mode: str, **variables: str) -> dict[str, list[Any]]:
    """For each command what it finds when it begins: hook, kernel's filter, libraries loaded, offline."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FIRSTLINE_MODE": mode} | variables
    environment.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return {name: json.loads(found) for name, found in lines}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process of its own for each command")
def test_the_fences_stand_before_every_command_begins(tmp_path: Path) -> None:
    found = fenced("local-only", FIRSTLINE_DATA_DIR=str(tmp_path))
    assert set(found) == set(commands()) == set(RECIPES)
    assert found.pop("version")[0] is False  # it reads no settings and loads nothing
    down = {name for name, (hook, kernel, loaded, offline) in found.items() if not hook or loaded or offline != "1"}
    assert down == set()
    if sys.platform == "linux":
        assert {name for name, (_, kernel, *_) in found.items() if not kernel} == set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process of its own for each command")
def test_hybrid_mode_has_none(tmp_path: Path) -> None:
    assert not any(hook for hook, *_ in fenced("hybrid", FIRSTLINE_DATA_DIR=str(tmp_path)).values())


BENCH = """
import os, sys
import chatapp.settings
from chatapp.fences.audit import holds
sys.argv[0] = "-m"
for module in sys.orig_argv[-1].split():
    if os.fork() == 0:
        sys.orig_argv = ["python", "-m", module]
        import bench
        print(module, holds(), *sorted(set(sys.modules) & {"numpy", "onnxruntime", "torch"}), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process of its own for each benchmark")
def test_a_benchmark_starts_behind_the_fences_or_starts_the_product_as_a_program() -> None:
    sources = {f"bench.{path.stem}": path.read_text() for path in Path("bench").glob("*.py")}
    programs = {name: source for name, source in sources.items() if "__main__" in source}
    done = subprocess.run(
        [sys.executable, "-c", BENCH, " ".join(programs)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "FIRSTLINE_MODE": "local-only"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    starts = ("bench.processes", "--mutmut")  # the product, or the tests of its changed copies
    expected = {f"{name} {not any(way in source for way in starts)}" for name, source in programs.items()}
    assert set(done.stdout.splitlines()) == expected
