"""JSON records of one file, each with the line that it begins on: an array over any number of lines, or one a line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.data.conversation import Place
from finetune.data.problem import Code, Problem, shown

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"
_HINT = "Write one JSON object a line, or all of them in one [array]."


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON object and the line that it begins on."""

    place: Place
    value: dict[str, Any]


def records(path: Path) -> Iterator[Record | Problem]:
    """The objects of the file in order, a Problem in the place of each that cannot be read.

    After a fault inside an array nothing more comes of it: where the next object begins is anyone's guess.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        yield Problem(Place(path, 1), Code.MISSING, f"cannot be read ({error.strerror}).", "Make it a readable file.")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield Problem(Place(path, line), Code.ENCODING, "not UTF-8.", "Save the file in UTF-8.")
    else:
        yield from _array(path, text) if text.lstrip(_SPACE).startswith("[") else _lines(path, text)


def _lines(path: Path, text: str) -> Iterator[Record | Problem]:
    empty = True
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip(_SPACE):
            empty = False
            yield _line(Place(path, number), line)
    if empty:
        yield Problem(Place(path, 1), Code.EMPTY, "no records.", "Write some, or remove the file.")


def _line(place: Place, line: str) -> Record | Problem:
    try:
        return _record(place, json.loads(line))
    except (ValueError, RecursionError) as error:
        return Problem(place, Code.MALFORMED, f"not JSON: {_reason(error)}.", _HINT)


def _array(path: Path, text: str) -> Iterator[Record | Problem]:
    """One object after the other, so that the line of each is known."""
    at, line, counted = _skip(text, text.index("[") + 1), 1, 0
    if text.startswith("]", at):
        yield Problem(Place(path, 1), Code.EMPTY, "no records.", "Write some, or remove the file.")
    try:
        while not text.startswith("]", at):
            line, counted = line + text.count("\n", counted, at), at
            value, end = _DECODER.raw_decode(text, at)
            yield _record(Place(path, line, at), value)
            at = _next(text, _skip(text, end))
        _end(text, _skip(text, at + 1))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", line)
        yield Problem(Place(path, line), Code.MALFORMED, f"not JSON: {_reason(error)}.", _HINT)


def _next(text: str, at: int) -> int:
    """Where the next value begins, or the array's closing bracket stands."""
    if text.startswith("]", at):
        return at
    if not text.startswith(",", at):
        raise json.JSONDecodeError("Expecting ',' or ']' after an object", text, at)
    return _skip(text, at + 1)


def _end(text: str, at: int) -> None:
    if at < len(text):
        raise json.JSONDecodeError("More text after the array", text, at)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _record(place: Place, value: object) -> Record | Problem:
    if isinstance(value, dict):
        return Record(place, value)
    return Problem(place, Code.MALFORMED, f"not an object: {shown(value)}.", _HINT)


def _reason(error: ValueError | RecursionError) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error).rstrip(".")
