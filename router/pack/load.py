"""A domain pack: all the data of one deployment, read from one folder and checked.

The folder holds `pack.toml`, `categories/*.toml`, `out_of_scope.txt` and, if wanted, `calibration.jsonl`,
`dialogues.jsonl`, `page.toml`, `encoder/`, and `safety.toml` with `safety/`.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from language import Language, language_of
from router.errors import PackError
from router.pack.category import CategoryFile, read_category
from router.pack.dialogues import Dialogue, read_dialogues
from router.pack.labelled import Labelled, read_labelled
from router.pack.overlap import fold, refuse_overlap, taught
from router.pack.safety import Safety, read_safety
from router.pack.source import Source
from router.pack.toml_table import Table
from router.types import SAFETY, Category, Fact

ENCODER_FOLDER = "encoder"
_FLATTERED = "Probabilities calibrated on what was learnt come out too sure."
_Row = TypeVar("_Row")
_Read = Callable[[Source, frozenset[str], frozenset[str]], tuple[_Row, ...]]
_KEYS = ("name", "title", "language", "persona", "contact", "starters", "models", "defaults")


@dataclass(frozen=True, slots=True)
class Pack:
    """A checked pack. Categories are in the order of their file names.

    `persona` is the system text for the model, `contact` the way to a person, `starters` the questions that
    an empty chat offers. `encoder` is a sentence-transformers name or path, empty for the shipped one.
    `thresholds` are the in-scope thresholds that the pack sets itself, by category key; `fact_threshold`
    likewise, None when it does not. `content_hash` is the SHA-256 of all files that something is learnt from.
    `sources` say in a customer's words where an answer of a category comes from: `our returns policy`. `safety` is
    what is said to messages of danger, None where the pack does not tell them.
    """

    name: str
    title: str
    language: str
    persona: str
    contact: str
    starters: tuple[str, ...]
    encoder: str
    categories: tuple[Category, ...]
    out_of_scope: tuple[str, ...]
    calibration: tuple[Labelled, ...]
    dialogues: tuple[Dialogue, ...]
    thresholds: dict[str, float]
    fact_threshold: float | None
    folder: Path
    content_hash: str
    sources: dict[str, str] = field(default_factory=dict)
    safety: Safety | None = None

    @property
    def adapter(self) -> Path | None:
        """The folder of what `firstline encoder tune` has made of the encoder, if there is one."""
        folder = self.folder / ENCODER_FOLDER
        return folder if folder.is_dir() else None

    @property
    def rules(self) -> Language | None:
        """The rules for its `language`; None where there are none."""
        return language_of(self.language)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts, category by category."""
        return tuple(fact for category in self.categories for fact in category.facts)


def load_pack(path: Path | str) -> Pack:
    """Read and check the pack in the folder `path`.

    Raises PackError: `file:line: what`, and a remedy.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise PackError(f"{folder}: no such folder.", "Give the path of a folder with a pack.toml.")
    main = Source.read(folder / "pack.toml", "A pack is a folder with a pack.toml; write one.")
    files = _category_files(folder)
    out_of_scope = Source.read(
        _out_of_scope_file(folder), "List in it, one a line, messages that must not be answered locally."
    )
    messages = _out_of_scope(out_of_scope)
    _check_unique_facts(files)
    _check_own_titles(files)
    _check_one_meaning(files, out_of_scope, messages)
    calibration = _optional(folder / "calibration.jsonl", files, read_labelled)
    dialogues = _optional(folder / "dialogues.jsonl", files, read_dialogues)
    sources = [
        main,
        *(file.source for file in files),
        out_of_scope,
        *(source for source, _ in (*calibration, *dialogues)),
    ]
    table = Table(main, main.toml(), _KEYS)
    rules = language_of(table.text("language", "en"))
    for source, rows in calibration:
        known = taught((file.category for file in files), messages, _rows(dialogues), rules)
        refuse_overlap(source, rows, known, _FLATTERED)
    pack = _assemble(table, files, messages, folder, sources)
    said = _sources(folder / "page.toml", files)
    safety = read_safety(folder)
    if safety:
        _check_apart_from_safety(files)
    return replace(pack, calibration=_rows(calibration), dialogues=_rows(dialogues), sources=said, safety=safety)


def _assemble(
    table: Table,
    files: list[CategoryFile],
    out_of_scope: tuple[str, ...],
    folder: Path,
    sources: list[Source],
) -> Pack:
    defaults = table.table("defaults", ("fact_threshold",))
    return Pack(
        name=table.text("name"),
        title=table.text("title"),
        language=table.text("language", "en"),
        persona=table.text("persona"),
        contact=table.text("contact"),
        starters=table.texts("starters"),
        encoder=table.table("models", ("encoder",)).text("encoder", ""),
        categories=tuple(file.category for file in files),
        out_of_scope=out_of_scope,
        calibration=(),
        dialogues=(),
        thresholds={f.category.key: f.threshold for f in files if f.threshold is not None},
        fact_threshold=defaults.share("fact_threshold"),
        folder=folder,
        content_hash=_hash(folder, sources),
    )


def _category_files(folder: Path) -> list[CategoryFile]:
    paths = sorted((folder / "categories").glob("*.toml"))
    if not paths:
        raise PackError(f"{folder / 'categories'}: no category file.", "Write at least two, named <key>.toml.")
    files = [read_category(path) for path in paths]
    keys = [file.category.key for file in files]
    for number, file in enumerate(files):
        if file.category.key in keys[:number]:
            line = file.source.line_of(file.category.key)
            raise file.source.error(line, f"category {file.category.key!r} exists twice.", "Rename one of them.")
    if len(files) < 2:
        raise files[0].source.error(1, "the only category of the pack.", "Write at least two categories.")
    return files


def _out_of_scope_file(folder: Path) -> Path:
    """The list of messages beyond this pack, also under the name that packs gave it before. Raises PackError for both
    names at once: one of the lists would be left out, and what is in it answered locally.
    """
    old, now = folder / "edge.txt", folder / "out_of_scope.txt"
    if old.exists() and now.exists():
        raise PackError(f"{folder}: has both {old.name!r} and {now.name!r}.", f"Keep one list: {now.name!r}.")
    return old if old.exists() else now


def _out_of_scope(source: Source) -> tuple[str, ...]:
    lines = (line.strip() for line in source.text.splitlines())
    messages = tuple(line for line in lines if line and not line.startswith("#"))
    if not messages:
        hint = "List, one a line, messages that must not be answered locally."
        raise source.error(1, "no messages.", hint)
    return messages


def _check_apart_from_safety(files: list[CategoryFile]) -> None:
    for file in files:
        if file.category.key == SAFETY:
            line = file.source.line_of(SAFETY)
            raise file.source.error(line, f"the key {SAFETY!r} is that of messages of danger.", "Name it otherwise.")


def _check_unique_facts(files: list[CategoryFile]) -> None:
    seen: set[str] = set()
    for file in files:
        for fact in file.category.facts:
            if fact.id in seen:
                line = file.source.line_of(fact.id, last=True)
                raise file.source.error(line, f"fact {fact.id!r} exists twice.", "Rename or remove one of them.")
            seen.add(fact.id)


def _check_own_titles(files: list[CategoryFile]) -> None:
    """A title is what a button sends: it must name one fact."""
    seen: dict[str, str] = {}
    for file in files:
        for fact in file.category.facts:
            other = seen.setdefault(fold(fact.title), fact.id) if fact.title else fact.id
            if other != fact.id:
                line = file.source.line_of(fact.title, last=True)
                what = f"{fact.id!r} has the title of {other!r}, {fact.title!r}."
                raise file.source.error(line, what, "Give each a title of its own.")


def _check_one_meaning(files: list[CategoryFile], out_of_scope: Source, messages: tuple[str, ...]) -> None:
    seen: dict[str, str] = {}
    for text, key, source in _meanings(files, out_of_scope, messages):
        other = seen.setdefault(text.casefold(), key)
        if other != key:
            what = f"{text!r} stands under {other!r} and under {key!r}."
            raise source.error(source.line_of(text), what, "Keep it in one of them.")


def _meanings(
    files: list[CategoryFile], out_of_scope: Source, messages: tuple[str, ...]
) -> Iterator[tuple[str, str, Source]]:
    for file in files:
        category = file.category
        for text in (*category.examples, *(q for fact in category.facts for q in fact.questions)):
            yield text, category.key, file.source
        for text in category.unanswerable:
            yield text, f"unanswerable of {category.key}", file.source
    yield from ((text, "out_of_scope", out_of_scope) for text in messages)


def _optional(path: Path, files: list[CategoryFile], read: _Read[_Row]) -> list[tuple[Source, tuple[_Row, ...]]]:
    """What `read` finds in a file that a pack need not have."""
    if not path.exists():
        return []
    source = Source.read(path, "Make it readable, or remove it.")
    keys = frozenset(file.category.key for file in files)
    ids = frozenset(fact.id for file in files for fact in file.category.facts)
    return [(source, read(source, keys, ids))]


def _sources(path: Path, files: list[CategoryFile]) -> dict[str, str]:
    """How a customer is told where answers come from, by category. Not hashed: nothing is learnt from it."""
    if not path.exists():
        return {}
    source = Source.read(path, "Make it readable, or remove it.")
    keys = [file.category.key for file in files]
    table = Table(source, source.toml(), ("sources",)).table("sources", keys)
    return {key: table.text(key) for key in table.data}


def _rows(found: list[tuple[Source, tuple[_Row, ...]]]) -> tuple[_Row, ...]:
    return tuple(row for _, rows in found for row in rows)


def _hash(folder: Path, sources: list[Source]) -> str:
    digest = hashlib.sha256()
    for source in sources:
        name = source.path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{source.text}\0".encode())
    return digest.hexdigest()
