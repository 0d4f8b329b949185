"""The file in which candidates wait for a person: one JSON object a line, readable by its owner alone."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from finetune.data.candidates import Candidate
from finetune.data.json_records import Record, records
from finetune.data.problem import Problem, refusal_of
from finetune.errors import DataError
from localmodel.atomic_files import write_text

_HINT = "Correct the line, or write the file anew: `firstline finetune data from-log`."
_CANDIDATE = TypeAdapter(Candidate)


def read_candidates(path: Path) -> tuple[Candidate, ...]:
    """The candidates in order. Raises DataError: `file:line: what`, also where the file is missing."""
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", "Write it: `firstline finetune data from-log`.")
    if not path.stat().st_size:
        return ()
    return tuple(_candidate(record) for record in records(path))


def write_candidates(path: Path, candidates: Iterable[Candidate]) -> None:
    """Write them, all or nothing. Raises DataError where the file cannot be written."""
    write_lines(path, (candidate.as_json() for candidate in candidates))


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """One JSON object a line, in place of what the file held; a crash leaves the old file or the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_text(path, "".join(lines), private=True)  # customers' words
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be written: {error.strerror}.", "Name another file.") from None


def _candidate(record: Record | Problem) -> Candidate:
    if isinstance(record, Problem):
        raise record.error()
    try:
        return _CANDIDATE.validate_json(json.dumps(record.value), strict=True)
    except ValidationError as error:
        raise DataError(f"{record.place}: {refusal_of(error)}.", _HINT) from None
