"""Every dependency has its reason on docs/dependencies.md and its version in constraints.txt."""

import re
import tomllib
from pathlib import Path

PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]
PAGE = Path("docs/dependencies.md").read_text()
NAMES = [re.split(r"[^\w.-]", line)[0].lower() for line in PROJECT["dependencies"]]


def test_every_dependency_has_its_reason() -> None:
    assert len(NAMES) > 20
    assert [name for name in NAMES if name not in PAGE] == []


def test_every_dependency_has_its_version() -> None:
    pinned = {
        line.split("==")[0].lower().replace("_", "-") for line in Path("constraints.txt").read_text().splitlines()
    }
    assert [name for name in NAMES if name not in pinned] == []


def test_the_page_names_no_dependency_of_before() -> None:
    first = "\n".join(line.split(" | ")[0] for line in PAGE.splitlines()[5:] if line.startswith("| "))
    named = set(re.findall(r"[a-z][\w-]+", first)) - {"with"}
    assert {name for name in named if name not in NAMES and name.upper() != "ONNX"} == set()
