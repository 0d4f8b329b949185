"""Every link, file, module and name of the code on a page leads somewhere."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, blocks, inline, prose, tracked

ROOMS = ("router", "language", "localmodel", "finetune", "chatapp", "bench", "tests")
FILE = re.compile(r"(?<![\w/.<>])((?:[\w.-]+/)*[\w-]+\.(?:py|js|css|html|sh))\b(?!\.)")
MODULE = re.compile(rf"(?<![\w/.])((?:{'|'.join(ROOMS)})(?:\.\w+)+)")
MADE_ELSEWHERE = {"page.html", "convert_hf_to_gguf.py", "r0002_….py"}
"""Files that a command writes, and those of other projects."""
FORMER = {
    f"{name}.py"
    for name in (
        "chatapp/context/summarize",
        "chatapp/guards/lexicon",
        "finetune/agreement",
        "chatapp/backends/cloud_dialect",
        "chatapp/wording",
    )
}
"""Where things stood before, in the table of changes of docs/architecture.md."""


def anchor(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, part = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{page}: {target}"
        if part:
            anchors = {anchor(heading) for heading in re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)}
            assert part in anchors, f"{page}: {target}"


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in PAGES
        for target in re.findall(r"\]\(([^)\s]+\.md[^)\s]*)\)", page.read_text())
    }
    assert [page for page in Path("docs").glob("*.md") if page.resolve() not in linked] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    ends = {name[at:] for name in tracked() for at in [0, *(spot.end() for spot in re.finditer("/", name))]}
    code = [piece.text for piece in inline() if piece.page == page]
    named = {name for text in code for name in FILE.findall(text)} - FORMER
    assert named - ends - MADE_ELSEWHERE == set()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_name_of_the_code_that_a_page_names_is_there(page: Path) -> None:
    code = [piece.text for piece in [*inline(), *blocks("sh", "")] if piece.page == page]
    for name in {name for text in code for name in MODULE.findall(text)}:
        if not re.search(r"\.(?:py|md|jsonl?|toml|txt)$", name):
            assert resolves(name), f"{page}: {name}"


def resolves(name: str) -> bool:
    """Whether `a.b.c` is a module, or a name in the module `a.b`, or in a class of it. Read, not imported: no model
    library is loaded for it.
    """
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        for path in (Path(*parts[:cut]).with_suffix(".py"), Path(*parts[:cut], "__init__.py")):
            if path.is_file():
                return defines(ast.parse(path.read_text()).body, parts[cut:])
    return False


def defines(body: list[ast.stmt], names: list[str]) -> bool:
    """Whether a module or a class with this `body` has the first of `names`, and that the next, and so on."""
    if not names:
        return True
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name == names[0]:
            return defines(node.body, names[1:])
        if names[0] in defined(node):
            return len(names) == 1
    return False


def defined(node: ast.stmt) -> set[str]:
    """The names that one statement gives a meaning."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
