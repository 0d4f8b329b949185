"""Find messages that are both learnt from and measured on, and refuse them."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from language import Language
from router.pack.dialogues import Dialogue, read_in_turn
from router.pack.labelled import Labelled
from router.pack.source import Source
from router.text.clean import clean
from router.types import Category

_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    """A form that is the same for two messages that differ only in case, spaces and punctuation."""
    words = _WORD.findall(clean(text).casefold())
    return " ".join(words) if words else text.strip()


def taught(
    categories: Iterable[Category],
    out_of_scope: Iterable[str],
    dialogues: Iterable[Dialogue],
    language: Language | None,
) -> dict[str, str]:
    """The folded messages that a pack teaches, each with where it stands: a category, a fact, "out_of_scope" or
    "dialogues"."""
    found = {fold(text): "dialogues" for dialogue in dialogues for text, _ in read_in_turn(dialogue, language)}
    found |= {fold(text): "out_of_scope" for text in out_of_scope}
    for category in categories:
        found |= {fold(text): category.key for text in (*category.examples, *category.unanswerable)}
        found |= {fold(question): fact.id for fact in category.facts for question in fact.questions}
    return found


def refuse_overlap(source: Source, rows: Sequence[Labelled], known: Mapping[str, str], harm: str) -> None:
    """Raise PackError at the first of the `rows` of `source` that is `known`; `harm` says what would come of it."""
    shared = [row.text for row in rows if fold(row.text) in known]
    if shared:
        count = "one message" if len(shared) == 1 else f"{len(shared)} messages"
        what = f"{shared[0]!r} stands under {known[fold(shared[0])]!r} too ({count} in all)."
        raise source.error(_line(source, shared[0]), what, f"{harm} Remove it here or there.")


def _line(source: Source, text: str) -> int:
    written = (json.dumps(text, ensure_ascii=ascii_only) for ascii_only in (False, True))
    return max(source.line_of(form) for form in written)
