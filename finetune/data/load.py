"""Training data of a file or a folder as conversations, whatever form they come in. See docs/training-data.md."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.data.conversation import Conversation, Place
from finetune.data.json_records import Record, records
from finetune.data.problem import Code, Problem
from finetune.data.readers import Read, Reader, Unreadable, readers, recognised
from finetune.data.readers.base import left_out
from finetune.data.readers.described import DESCRIPTION, Described, data_files, described
from finetune.data.readers.learnable import is_learnt
from finetune.errors import DataError
from router.pack.load import Pack

_SAMPLING_SEED = 7


@dataclass(frozen=True, slots=True)
class DataFile:
    """What was read of one file, in its order. `format` is its reader's name, "" where none is known."""

    path: Path
    format: str
    conversations: tuple[Conversation, ...]
    problems: tuple[Problem, ...]


def read_data(path: Path, pack: Pack | None) -> tuple[Conversation, ...]:
    """Every conversation of a file or folder, file by file. Raises DataError at the first problem that is refused.

    `pack` gives grounded turns their persona and facts; None where there are none.
    """
    files = read_files(path, pack)
    for file in files:
        for problem in file.problems:
            if problem.refused:
                raise problem.error()
    return tuple(conversation for file in files for conversation in file.conversations)


def read_files(path: Path, pack: Pack | None) -> tuple[DataFile, ...]:
    """The same with every problem in its file, for a check. Raises DataError where there is nothing to read."""
    known = readers(pack)
    if path.is_file():
        return (_file(path, None, known),)
    if not path.is_dir():
        raise DataError(f"There is no file or folder {str(path)!r}.", "Name training data: a .json or .jsonl file.")
    if (path / DESCRIPTION).is_file():
        return tuple(_described(one, known) for one in described(path))
    files = tuple(_file(file, None, known) for file in data_files(path))
    if not files:
        raise DataError(f"{str(path)!r} holds no data.", "Put .json or .jsonl files into it.")
    return _of_one_format(files)


def _described(one: Described | Problem, known: dict[str, Reader]) -> DataFile:
    if isinstance(one, Problem):
        return DataFile(one.place.path, "", (), (one,))
    return _file(one.path, one.reader, known, one.samples)


def _file(path: Path, reader: Reader | None, known: dict[str, Reader], samples: int | None = None) -> DataFile:
    """`reader` None recognises the format by the file's first record. `samples` None reads all of them."""
    found = list(records(path))
    if samples is not None:
        found = sampled(found, samples, path)
    first = next((record for record in found if isinstance(record, Record)), None)
    named = reader or (recognised(first.value, known) if first else None)
    if first is not None and named is None:
        return DataFile(path, "", (), (_unknown(first, known),))
    read = [one for record in found for one in _read(record, named, known if reader is None else {})]
    conversations = tuple(one for one in read if isinstance(one, Conversation))
    return DataFile(path, named.name if named else "", conversations, tuple(p for p in read if isinstance(p, Problem)))


def sampled(found: Sequence[Record | Problem], samples: int, path: Path) -> list[Record | Problem]:
    """As many records by chance, in their order; the same ones each time. What cannot be read stays to be told."""
    numbers = [number for number, one in enumerate(found) if isinstance(one, Record)]
    if samples > len(numbers):
        what = f"'num_samples' of its description is {samples}, and it has {len(numbers)} records; none is repeated."
        return [*found, Problem(Place(path, 1), Code.MISSING, what, "Ask for fewer, or take 'num_samples' out.")]
    chosen = set(random.Random(_SAMPLING_SEED).sample(numbers, samples))  # noqa: S311 - a sample, no secret
    return [one for number, one in enumerate(found) if number in chosen or isinstance(one, Problem)]


def _read(record: Record | Problem, reader: Reader | None, known: dict[str, Reader]) -> Read:
    """`known` are the formats that a record must not be of, `reader` its file's; None where it has no record."""
    if isinstance(record, Problem):
        return (record,)
    assert reader is not None
    other = None if reader.recognises(record.value) else recognised(record.value, known)
    if other is not None:
        what = f"a record of the format {other.name!r} in a file that began with {reader.name!r}."
        return (Problem(record.place, Code.FORMAT, what, "Give each format a folder of its own."),)
    try:
        if mark := is_learnt(record.value, reader.keys):
            return (left_out(record.place, mark),)
        return reader.read(record.value, record.place)
    except Unreadable as fault:
        return (Problem(record.place, fault.code, fault.what, fault.hint),)


def _unknown(record: Record, known: dict[str, Reader]) -> Problem:
    keys = ", ".join(repr(key) for key in list(record.value)[:8]) or "no keys"
    forms = "; ".join(f"{reader.name}: {reader.shape}" for reader in known.values())
    return Problem(record.place, Code.FORMAT, f"a record of an unknown format, with {keys}.", f"Write one of: {forms}.")


def _of_one_format(files: Sequence[DataFile]) -> tuple[DataFile, ...]:
    return tuple(_with(file, problem) for file, problem in zip(files, _strangers(files), strict=True))


def _strangers(files: Sequence[DataFile]) -> Iterator[Problem | None]:
    """For each file what to say of it if its format is not the first one's."""
    first = next((file for file in files if file.format), None)
    for file in files:
        if first is None or file.format in ("", first.format):
            yield None
            continue
        what = f"the format {file.format!r}, where {str(first.path)!r} has {first.format!r}."
        hint = f"Give each format a folder of its own, or describe them in a {DESCRIPTION}."
        yield Problem(Place(file.path, 1), Code.FORMAT, what, hint)


def _with(file: DataFile, problem: Problem | None) -> DataFile:
    if problem is None:
        return file
    return DataFile(file.path, file.format, file.conversations, (problem, *file.problems))
