"""One vocabulary: docs/glossary.md names what is there, and the old words are gone from the whole tree."""

import re
from pathlib import Path

import pytest

from router.pack.load import load_pack
from tests.docs.pages import tracked
from tests.docs.test_links import resolves

GLOSSARY = Path("docs/glossary.md")
OLD = {
    "covered": r"\bcovered\b|\bcategor(?:y|ies) covers?\b|\bcovers (?:the|a|this) message",
    "edge": r"\bedges?\b(?:[- ]message)?",
    "leans": r"\blean(?:s|ed|ing)?\b",
    "the model as it comes": r"\b(?:model|base|one|tried)\b.{0,20} as it comes\b|\"as it comes\"",
    "form of a model": r"\b(?:forms?|shapes?) (?:of|that) (?:a|the|one|two|run'?s?) (?:run's )?model\b",
    "left": r"\bleft to the cloud\b|\bbeyond us\b",
}
"""What each old word looked like where it meant what the glossary now calls otherwise."""
TEXT = {".py", ".md", ".html", ".js", ".css", ".toml", ".txt", ".mako"}
ALLOWED = {
    ("docs/glossary.md", "*"),  # names them, as the words of before
    ("docs/packs.md", "edge"),  # the old file name
    ("docs/packs.md", "leans"),  # the old key
    ("router/pack/load.py", "edge"),  # packs with the old file name are read
    ("router/pack/dialogues.py", "leans"),  # and dialogues with the old key
    ("router/types.py", "edge"),  # and decisions that were stored with the old words
    ("router/types.py", "leans"),
    ("static/style.css", "edge"),  # of a box
    ("tests/docs/test_glossary.py", "*"),
    ("tests/finetune/judging/test_scoring.py", "covered"),  # by a warranty
    ("tests/guards/test_refusal.py", "edge"),  # of a piece of text
    ("tests/router/test_types.py", "edge"),  # a stored decision is
    ("tests/router/test_types.py", "leans"),
    ("tests/web/test_earlier_decisions.py", "edge"),
    ("tests/web/test_ops.py", "leans"),
    ("tests/router/pack/test_former_names.py", "edge"),  # the old file name is read
    ("tests/router/pack/test_former_names.py", "leans"),
}
MESSAGES = re.compile(r"packs/\w+/(?:categories|train|eval)/|packs/\w+/\w+\.txt$")
"""What customers write, who have words of their own."""


def hits(word: str) -> list[str]:
    """Where an old word stands, as `file:line: text`."""
    found = []
    for name in tracked():
        if Path(name).suffix not in TEXT or MESSAGES.match(name) or {(name, word), (name, "*")} & ALLOWED:
            continue
        lines = Path(name).read_text(encoding="utf-8").splitlines()
        found += [f"{name}:{n}: {line.strip()}" for n, line in enumerate(lines, 1) if re.search(OLD[word], line, re.I)]
    return found


@pytest.mark.parametrize("word", OLD)
def test_an_old_word_is_gone(word: str) -> None:
    assert hits(word) == []


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("covered", "keeps the covered messages local"),
        ("edge", "an Edge message"),
        ("leans", "a message that leans on another"),
        ("the model as it comes", "the base as it comes"),
        ("form of a model", "every form of the model"),
        ("left", "a question that is beyond us"),
    ],
)
def test_an_old_word_would_be_found(word: str, line: str) -> None:
    assert re.search(OLD[word], line, re.IGNORECASE)


def test_no_exception_outlives_its_reason() -> None:
    for name, word in ALLOWED:
        words = OLD.values() if word == "*" else [OLD[word]]
        assert any(re.search(one, Path(name).read_text(), re.IGNORECASE) for one in words), (name, word)


@pytest.mark.parametrize("folder", sorted(Path("packs").iterdir()), ids=str)
def test_a_shipped_pack_has_no_old_key(folder: Path) -> None:
    assert load_pack(folder).out_of_scope
    assert not (folder / "edge.txt").exists()
    for lines in folder.rglob("*.jsonl"):
        assert not re.search(r'"(?:leans|leaned|edge)":', lines.read_text()), lines


def test_the_glossary_names_what_is_in_the_code() -> None:
    rows = [line.split(" | ") for line in GLOSSARY.read_text().splitlines() if line.startswith("| ")]
    places = [re.findall(r"`([^`]+)`", row[2]) for row in rows if not row[0].startswith("| Term")]
    assert len(places) > 40
    for place, *names in places:
        assert resolves(place), place
        for name in names:
            assert re.search(rf"\b{name}\b", source_of(place)), f"{name} in {place}"


def source_of(place: str) -> str:
    """The source of the module that a dotted name lies in."""
    parts = place.split(".")
    while not (path := Path(*parts).with_suffix(".py")).is_file():
        parts = parts[:-1]
    return path.read_text()
