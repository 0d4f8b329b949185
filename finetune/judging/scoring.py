"""Right, wrong or honestly unanswered: an answer held against what a right one must and must not say."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from finetune.errors import DataError
from localmodel.prompt import REFUSAL
from router.errors import PackError
from router.pack.labelled import labelled, parse_object
from router.pack.load import Pack
from router.pack.source import Source

_TYPED = {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u00a0": " "}
_SHAPE = 'Write "must": [["60 days", "sixty days"], …] and "must_not": ["30 days"].'


class Verdict(StrEnum):
    """What became of one question."""

    RIGHT = "right"
    WRONG = "wrong"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Question:
    """A held-out question. `facts` answer it, none where no fact of the pack does.

    A right answer says one of the alternatives of each line of `must`, and nothing of `must_not`; case, spaces and the
    kind of quotation mark do not count. An alternative is the beginning of words, or whole numbers: "2 day" is said by
    "in 2 days", not by "in 12 days".
    """

    text: str
    category: str
    facts: tuple[str, ...]
    must: tuple[tuple[str, ...], ...] = ()
    must_not: tuple[str, ...] = ()

    def score(self, answer: str) -> Verdict:
        """The verdict on what was said; nothing, or the refusal, is unanswered."""
        said = _plain(answer)
        if not said or said == _plain(REFUSAL):
            return Verdict.UNANSWERED
        told = all(any(_says(said, one) for one in either) for either in self.must)
        false = any(_says(said, word) for word in self.must_not)
        return Verdict.RIGHT if self.facts and told and not false else Verdict.WRONG


def read_questions(path: Path, pack: Pack) -> tuple[Question, ...]:
    """The held-out questions of a JSONL file. Raises DataError with file and line."""
    try:
        source = Source.read(path, "Write held-out questions first; nothing is judged without them.")
        keys, ids = {c.key for c in pack.categories}, {fact.id for fact in pack.facts}
        lines = [(number, line) for number, line in enumerate(source.text.split("\n"), 1) if line.strip()]
        rows = [(number, parse_object(source, number, line)) for number, line in lines]
        found = tuple(
            _question(source, number, data, labelled(source, number, data, keys, ids)) for number, data in rows
        )
    except PackError as error:
        raise DataError(error.what, error.hint) from None
    if not found:
        raise DataError(f"{path}: no questions.", "Write held-out questions; nothing is judged without them.")
    return found


def _question(source: Source, number: int, data: dict[str, Any], row: Any) -> Question:
    must, must_not = data.get("must", []), data.get("must_not", [])
    if not _texts(must_not) or not isinstance(must, list) or not all(_texts(either) and either for either in must):
        raise source.error(
            number, f"'must' is {json.dumps(must)[:60]}, 'must_not' {json.dumps(must_not)[:60]}.", _SHAPE
        )
    if row.facts and not must:
        raise source.error(number, "an answerable question without 'must'.", _SHAPE)
    return Question(row.text, row.category or "", row.facts, tuple(map(tuple, must)), tuple(must_not))


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)


def _says(said: str, wanted: str) -> bool:
    wanted = _plain(wanted)
    before = r"(?<!\d)(?<!\d[.,])" if wanted[0].isdigit() else r"(?<!\w)" if wanted[0].isalpha() else ""
    after = r"(?!\d)" if wanted[-1].isdigit() else ""
    return bool(re.search(f"{before}{re.escape(wanted)}{after}", said))


def _plain(text: str) -> str:
    for written, typed in _TYPED.items():
        text = text.replace(written, typed)
    return " ".join(text.casefold().split())
