"""docs/architecture.md draws the tree as it is."""

import re
from pathlib import Path

PAGE = Path("docs/architecture.md").read_text()
ROOMS = ("router", "language", "localmodel", "engine", "finetune", "chatapp", "bench")


def drawn() -> set[str]:
    """Every folder of the drawing, as a path from the root: two blanks deeper is one folder deeper."""
    tree = PAGE.split("## The tree")[1].split("```text\n")[1].split("```")[0]
    paths: set[str] = set()
    above: list[str] = []
    for indent, name in re.findall(r"^( *)([\w-]+)/ ", tree, re.MULTILINE):
        above = [*above[: len(indent) // 2], name]
        paths.add("/".join(above))
    return paths


def test_every_room_is_drawn() -> None:
    rooms = {str(path.parent) for room in ROOMS for path in Path(room).rglob("__init__.py")}
    assert rooms - drawn() == set()


def test_every_folder_that_is_drawn_is_there() -> None:
    assert {path for path in drawn() if not Path(path).is_dir()} == set()
    assert "chatapp/backends/cloud" in drawn()
