"""The pages that the tests of this room read: README, changelog and docs, with their code, as blocks and in lines."""

import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

README = Path("README.md")
PAGES = (README, Path("CHANGELOG.md"), *sorted(Path("docs").glob("*.md")))

_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Code:
    """A piece of code on a page. `language` is empty where the block names none, and for code within a line."""

    page: Path
    language: str
    text: str


def blocks(*languages: str) -> list[Code]:
    """The code blocks of all pages in one of `languages`, in the order of the pages."""
    found = [Code(page, language, text) for page in PAGES for language, text in _BLOCK.findall(page.read_text())]
    return [code for code in found if code.language in languages]


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return _BLOCK.sub("", page.read_text())


def inline() -> list[Code]:
    """The code within the lines of all pages."""
    return [Code(page, "", text) for page in PAGES for text in _LINE.findall(prose(page))]


@cache
def tracked() -> tuple[str, ...]:
    """Every file of the tree that git tracks or would track, as a path from the root; files on disk without git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=False
    )
    names = listed.stdout.splitlines() or [str(path) for path in Path().rglob("*") if ".venv" not in path.parts]
    return tuple(name for name in names if Path(name).exists())
