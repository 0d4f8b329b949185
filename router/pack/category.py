"""One category of a pack, read from its file and checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.pack.overlap import fold
from router.pack.source import Source
from router.pack.toml_table import Table
from router.types import Category, Fact, FactVoice

MIN_EXAMPLES = 5
_KEYS = ("key", "title", "description", "examples", "unanswerable", "small_talk", "routing", "facts")
_FACT_KEYS = ("id", "text", "title", "questions", "verbatim", "free")


@dataclass(frozen=True, slots=True)
class CategoryFile:
    """A category with the file it came from, and the in-scope threshold if the file sets one."""

    source: Source
    category: Category
    threshold: float | None


def read_category(path: Path) -> CategoryFile:
    """Read one `categories/*.toml`. Raises PackError."""
    source = Source.read(path, "Make the file readable, or remove it.")
    table = Table(source, source.toml(), _KEYS)
    key = table.text("key")
    facts = tuple(_fact(source, key, data) for data in table.tables("facts"))
    if not facts:
        raise source.error(1, f"category {key!r} has no facts.", "Add approved answers as [[facts]].")
    named = (key, table.text("title"), table.text("description"))
    category = Category(*named, _examples(table, key), facts, table.texts("unanswerable"), table.flag("small_talk"))
    return CategoryFile(source, category, table.table("routing", ("threshold",)).share("threshold"))


def _examples(table: Table, key: str) -> tuple[str, ...]:
    examples = table.texts("examples")
    different = len({fold(example) for example in examples})
    if different < MIN_EXAMPLES:
        said = f"{len(examples)} examples" if different == len(examples) else f"{different} different examples"
        hint = f"Write at least {MIN_EXAMPLES} messages as people write them."
        raise table.error("examples", f"category {key!r} has {said}.", hint)
    return examples


def _fact(source: Source, key: str, data: dict[str, Any]) -> Fact:
    table = Table(source, data, _FACT_KEYS, str(data.get("id", "[[facts]]")))
    named = (table.text("id"), key, table.text("text"), table.texts("questions"))
    fact = Fact(*named, _voice(table), table.text("title", ""))
    if not fact.id.startswith(f"{key}.") or fact.id == f"{key}.":
        raise table.error("id", f"fact {fact.id!r} is not named after {key!r}.", f"Call it '{key}.<name>'.")
    if not fact.questions:
        raise table.error("id", f"fact {fact.id!r} has no questions.", "Write six or more that it answers.")
    return fact


def _voice(table: Table) -> FactVoice:
    chosen = [way for way in (FactVoice.VERBATIM, FactVoice.FREE) if table.flag(way.value)]
    if len(chosen) > 1:
        hint = "Keep `verbatim` where no model may reword it, `free` where the model may say it in its own words."
        raise table.error("free", f"fact {table.text('id')!r} is both verbatim and free.", hint)
    return chosen[0] if chosen else FactVoice.PHRASED
