"""What the README says is so: its settings table, its commands, its map of the tree."""

import re
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from chatapp.settings import PREFIX, Settings
from router.types import Mode

README = Path("README.md").read_text()


def settings_rows() -> list[str]:
    """The table's rows, one a setting, in the order of the class."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        if default is PydanticUndefined:
            shown = "`~/.local/share/firstline`"
        elif isinstance(default, SecretStr) or default == "":
            shown = "empty"
        else:
            shown = f"`{default.value if isinstance(default, Mode) else default}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return rows


def test_every_setting_has_a_description() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_settings_table_is_the_settings() -> None:
    written = [line for line in README.splitlines() if line.startswith(f"| `{PREFIX}")]
    assert written == settings_rows(), "\n".join(["the table should be:", *settings_rows()])


def test_the_map_names_what_is_there() -> None:
    tree = README.split("```text")[1].split("```")[0]
    named = re.findall(r"^(\S+?)/?\s{2,}", tree, re.MULTILINE)
    assert named
    missing = [name for name in named if not Path(name).exists()]
    assert missing == []


def test_the_pictures_are_there() -> None:
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert Path(path).is_file(), path


def test_nothing_is_left_to_be_filled_in() -> None:
    for page in (Path("README.md"), *Path("docs").glob("*.md")):
        left = re.findall(r"^(?:[A-Z_]{5,}|TODO.*|TBD.*)$", page.read_text(), re.MULTILINE)
        assert left == [], page
