"""The README says what is so: its map, its pictures, its figures, its example. And it stays one screen."""

import re
from pathlib import Path

from tests.docs.pages import PAGES, README

TEXT = README.read_text()


def test_it_fits_one_screen() -> None:
    assert len(TEXT.splitlines()) <= 80


def test_the_map_names_every_room_and_nothing_else() -> None:
    tree = TEXT.split("```text")[1].split("```")[0]
    named = re.findall(r"^(\S+)/\s{2,}", tree, re.MULTILINE)
    rooms = {path.parent.name for path in Path().glob("*/__init__.py")}
    assert set(named) == rooms | {"packs", "templates", "static", "setup", "docs"}
    assert [name for name in named if not Path(name).is_dir()] == []


def test_the_pictures_are_there() -> None:
    for page in PAGES:
        for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text()):
            assert (page.parent / path).is_file(), f"{page}: {path}"


def test_its_figures_are_those_of_the_figures_page() -> None:
    figures = Path("docs/figures.md").read_text()
    shares = re.findall(r"\d+\.\d %", TEXT)
    assert shares
    assert [share for share in shares if share not in figures] == []


def test_nothing_is_left_to_be_filled_in() -> None:
    for page in PAGES:
        left = re.findall(r"^(?:[A-Z_]{5,}|TODO.*|TBD.*)$", page.read_text(), re.MULTILINE)
        assert left == [], page
