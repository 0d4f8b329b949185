"""Messages labelled with their category and facts, from which thresholds are chosen and figures measured."""

import json
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from router.pack.source import Source


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message, its category (None: not to be answered locally) and the ids of the facts that answer it."""

    text: str
    category: str | None
    facts: tuple[str, ...]


def read_labelled(source: Source, keys: Set[str], ids: Set[str]) -> tuple[Labelled, ...]:
    """Read JSON lines `{"text", "category", "facts"}`; other keys are ignored, blank lines skipped.

    Raises PackError at the line that is malformed or names a category or fact outside `keys` and `ids`.
    """
    lines = enumerate(source.text.split("\n"), 1)
    rows = ((number, parse_object(source, number, line)) for number, line in lines if line.strip())
    return tuple(labelled(source, number, data, keys, ids) for number, data in rows)


def labelled(source: Source, number: int, data: dict[str, Any], keys: Set[str], ids: Set[str]) -> Labelled:
    """The message that `data`, of line `number`, describes. Raises PackError."""
    text, category, facts = data.get("text"), data.get("category"), data.get("facts", [])
    hint = 'Write {"text": "…", "category": "<key>" or null, "facts": ["<id>"]}.'
    if not isinstance(text, str) or not text.strip():
        raise source.error(number, f"'text' is {text!r}.", hint)
    if category is not None and (not isinstance(category, str) or category not in keys):
        raise source.error(number, f"unknown category {category!r}.", f"Use null, or: {', '.join(sorted(keys))}.")
    if not isinstance(facts, list):
        raise source.error(number, f"'facts' is {facts!r}.", hint)
    for fact in facts:
        if not isinstance(fact, str) or fact not in ids:
            raise source.error(number, f"unknown fact {fact!r}.", "Use the id of a fact of this pack.")
    return Labelled(text, category, tuple(facts))


def parse_object(source: Source, number: int, line: str) -> dict[str, Any]:
    """The JSON object on this line. Raises PackError."""
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        raise source.error(number, f"not JSON: {error.msg}.", "Write one object a line.") from None
    if not isinstance(data, dict):
        raise source.error(number, f"not an object: {line[:40]!r}.", "Write one object a line.")
    return data
