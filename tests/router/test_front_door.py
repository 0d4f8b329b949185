"""`import router` as a library: what it offers, and that it loads nothing unasked."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import router
from router import types


def test_the_lines_of_the_docstring_run(cache_dir: Path, router: object, capsys: pytest.CaptureFixture[str]) -> None:
    """`router` has seen to it that the artefact is there already."""
    shown = [line.strip() for line in _docstring().splitlines() if line.startswith("    ")]
    assert len(shown) == 5
    exec("\n".join(shown).replace('"data"', repr(str(cache_dir))), {})
    route, reasons = capsys.readouterr().out.splitlines()
    assert route.startswith("local To see where an order stands")
    assert reasons.startswith("This reads like a question about order status")


def _docstring() -> str:
    return ast.get_docstring(ast.parse(Path("router/__init__.py").read_text(encoding="utf-8"))) or ""


def test_what_it_offers_is_what_type_checkers_see() -> None:
    tree = ast.parse(Path("router/__init__.py").read_text(encoding="utf-8"))
    (checking,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module for node in checking.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == router._HOMES
    assert set(router._HOMES) <= set(dir(router))
    assert all(getattr(router, name) is not None for name in router._HOMES)
    assert router.Decision is types.Decision
    with pytest.raises(AttributeError, match="no attribute 'Rooter'"):
        _ = router.Rooter


def test_importing_it_loads_no_library() -> None:
    code = "import sys, router; router.Route; print([m for m in ('numpy', 'onnxruntime') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
