"""docs/settings.md is the settings, and no page names one that does not exist."""

import re
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from chatapp.settings import PREFIX, Settings
from router.types import Mode
from tests.docs.pages import PAGES

NAMES = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
NOT_OURS = {"FIRSTLINE_SERVICE_HOST"}
"""Kubernetes sets it beside a service of that name; the page on containers says that it is not read."""


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


def test_the_settings_tables_are_the_settings() -> None:
    page = Path("docs/settings.md").read_text()
    written = [line for line in page.splitlines() if line.startswith(f"| `{PREFIX}")]
    assert written == settings_rows(), "\n".join(["the rows should be:", *settings_rows()])


def test_every_setting_that_a_page_names_exists() -> None:
    for page in PAGES:
        named = set(re.findall(rf"\b{PREFIX}[A-Z0-9_]*[A-Z0-9]\b", page.read_text()))
        assert named - NAMES - NOT_OURS == set(), page
