"""The code on the pages: examples run, and what cannot be run is at least read by the parser of its language."""

import ast
import importlib
import inspect
import json
import re
import tomllib
from pathlib import Path

import pytest

import router
from tests.docs.pages import README, Code, blocks

PYTHON = blocks("python")


def test_no_block_is_of_a_language_that_nobody_checks() -> None:
    pattern = re.compile(r"^ *```(\w+)$", re.MULTILINE)
    known = {"sh", "text", "python", "json", "toml", "nginx"}
    for page in {code.page for code in blocks(*known, "")}:
        assert set(pattern.findall(page.read_text())) <= known, page


@pytest.mark.parametrize("code", PYTHON, ids=lambda code: str(code.page))
def test_python_parses_and_what_it_imports_is_there(code: Code) -> None:
    for node in ast.walk(ast.parse(code.text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = importlib.import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


@pytest.mark.parametrize("code", blocks("json"), ids=lambda code: str(code.page))
def test_json_parses(code: Code) -> None:
    text, reader = code.text.strip(), json.JSONDecoder()
    while text:
        _, end = reader.raw_decode(text)
        text = text[end:].strip()


@pytest.mark.parametrize("code", blocks("toml"), ids=lambda code: str(code.page))
def test_toml_parses(code: Code) -> None:
    tomllib.loads(code.text.replace(", …]", "]"))


def test_the_store_s_example_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = [code.text for code in PYTHON if "Store.open(" in code.text]
    exec(example.replace("/var/lib/firstline/", f"{tmp_path}/"), {})
    assert capsys.readouterr().out == "It is on its way.\n"


def test_the_library_s_example_is_the_docstring_s_and_runs(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = [code.text for code in PYTHON if code.page == README]
    assert example.strip() in (inspect.getdoc(router) or "").replace("\n    ", "\n")
    exec(example.replace('"data"', repr(str(data_dir / "router"))), {})
    route, reasons = capsys.readouterr().out.splitlines()
    assert route.startswith("local To see where an order stands")
    assert reasons
