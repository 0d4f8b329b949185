"""What is wrong with a piece of training data, and where."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from finetune.data.conversation import Place
from finetune.errors import DataError


class Code(StrEnum):
    """Kinds of problem, for programs."""

    MALFORMED = "malformed"
    ENCODING = "encoding"
    FORMAT = "format"
    MISSING = "missing"
    UNKNOWN_FACT = "unknown_fact"
    EMPTY = "empty"
    ONE_SIDED = "one_sided"
    TOO_LONG = "too_long"
    HELD_OUT = "held_out"
    DUPLICATE = "duplicate"
    PERSONAL = "personal"
    LEFT_OUT = "left_out"


WARNINGS = frozenset({Code.DUPLICATE, Code.PERSONAL, Code.LEFT_OUT})
"""What a person should look at, or know; everything else must be put right before training."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`text` says what is wrong, with the value; `hint` what to do next."""

    place: Place
    code: Code
    text: str
    hint: str

    @property
    def refused(self) -> bool:
        """Whether data with this problem must not be trained on."""
        return self.code not in WARNINGS

    def error(self) -> DataError:
        """The same as an exception: `file:line: what`, and the remedy."""
        return DataError(f"{self.place}: {self.text}", self.hint)

    def as_json(self) -> dict[str, Any]:
        """For programs: file, line, code, text, hint, refused."""
        place = {"file": str(self.place.path), "line": self.place.line}
        return place | {"code": self.code.value, "text": self.text, "hint": self.hint, "refused": self.refused}


def refusal_of(error: ValidationError) -> str:
    """What pydantic refuses first: where, the value, and why."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    why = first["msg"][:1].lower() + first["msg"][1:]
    if first["type"] == "missing":
        return f"{where!r} is missing"
    return f"{where!r} is {shown(first['input'])}: {why}" if where else why


def shown(value: object) -> str:
    """`value` for a message: its repr, cut to 60 characters."""
    return f"{value!r:.60}"
