"""`dataset_info.json`, the description of data files that LLaMA-Factory reads (its data/README.md)."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.data.conversation import Place, Role
from finetune.data.problem import Code, Problem, shown
from finetune.data.readers.base import Reader, Unreadable, text_of
from finetune.data.readers.chat import ChatReader
from finetune.data.readers.instruction import InstructionReader

DESCRIPTION = "dataset_info.json"
SUFFIXES = (".json", ".jsonl")
_SHAPE = '{"name": {"file_name": "data.json", "formatting": "alpaca" or "sharegpt", "columns": {}, "tags": {}}}'
_ELSEWHERE = ("hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name")
_KNOWN = ("file_name", "file_sha1", "formatting", "ranking", "columns", "tags", "split", "num_samples")
_REMARKS = ("description", "comment", "license", "name")
_COLUMNS = {"alpaca": ("prompt", "query", "response", "system", "history"), "sharegpt": ("messages", "system")}
_OTHER_COLUMNS = ("tools", "images", "videos", "audios", "chosen", "rejected", "kto_tag")
_TAGS = ("role_tag", "content_tag", "user_tag", "assistant_tag", "system_tag", "observation_tag", "function_tag")
_WHOLE = "train"
"""The one split that a file of one's own has."""


@dataclass(frozen=True, slots=True)
class Described:
    """A data file and the reader that its description asks for; `samples` is how many of its records, None for all."""

    path: Path
    reader: Reader
    samples: int | None = None


def described(folder: Path) -> tuple[Described | Problem, ...]:
    """The files that the description in `folder` names, in its order; a Problem for each entry that is of no use."""
    path = folder / DESCRIPTION
    try:
        text = path.read_text(encoding="utf-8-sig")
        entries = json.loads(text)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return (Problem(Place(path, line), Code.ENCODING, "not UTF-8.", "Save the file in UTF-8."),)
    except (OSError, ValueError, RecursionError) as error:
        place = Place(path, getattr(error, "lineno", 1))
        return (Problem(place, Code.MALFORMED, f"not JSON: {error}.", f"Write {_SHAPE}."),)
    if not isinstance(entries, dict) or not entries:
        return (Problem(Place(path, 1), Code.MALFORMED, f"no entries: {shown(entries)}.", f"Write {_SHAPE}."),)
    places = {name: Place(path, _line(text, name)) for name in entries}
    return tuple(one for name, entry in entries.items() for one in _entry(folder, entry, places[name]))


def data_files(folder: Path) -> list[Path]:
    """The data files of a folder by name, its description left out."""
    found = (path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in SUFFIXES)
    return sorted(path for path in found if path.name != DESCRIPTION and not path.name.startswith("."))


def _entry(folder: Path, entry: object, place: Place) -> list[Described | Problem]:
    try:
        if not isinstance(entry, dict):
            raise Unreadable(f"an entry that is {shown(entry)}.", f"Write {_SHAPE}.")
        _check_keys(entry)
        reader, files, samples = _reader(entry), _files(folder, entry), _samples(entry)
        if samples is not None and len(files) > 1:
            raise Unreadable(
                "'num_samples' of a folder: of which of its files is not said.", "Name one file, or all records."
            )
        return [Described(path, reader, samples) for path in files]
    except Unreadable as fault:
        return [Problem(place, fault.code, fault.what, fault.hint)]


def _files(folder: Path, entry: dict[str, Any]) -> list[Path]:
    for key in _ELSEWHERE:
        if entry.get(key):
            raise Unreadable(f"{key!r} is {shown(entry[key])}: the data lie elsewhere.", "Copy them; name 'file_name'.")
    name = text_of(entry, "file_name", _SHAPE)
    path = folder / name
    files = data_files(path) if name and path.is_dir() else [path]
    if not name or not files or not files[0].is_file():
        what = f"there is no {name!r} in {str(folder)!r}."
        raise Unreadable(what, "Put the file there, or remove the entry.", Code.MISSING)
    return files


def _check_keys(entry: dict[str, Any]) -> None:
    """Raises Unreadable at a key that would change what is learnt, and is not read."""
    known = {*_KNOWN, *_REMARKS, *_ELSEWHERE}
    for key, value in entry.items():
        if key not in known and not key.startswith("_") and value not in (None, "", False):
            raise Unreadable(
                f"{key!r} is {shown(value)}, and is not read.", f"Remove it; read are {', '.join(_KNOWN)}."
            )
    if (split := entry.get("split") or _WHOLE) != _WHOLE:
        hint = "Put those records into a file of their own, and remove 'split'."
        raise Unreadable(f"'split' is {shown(split)}, and a file is read whole.", hint)


def _samples(entry: dict[str, Any]) -> int | None:
    samples = entry.get("num_samples")
    if samples is None or (type(samples) is int and samples > 0):
        return samples
    raise Unreadable(f"'num_samples' is {shown(samples)}, not a number of records.", "Write one, or remove it.")


def _reader(entry: dict[str, Any]) -> Reader:
    columns, tags = _names(entry, "columns"), _names(entry, "tags")
    unused = [key for key in _OTHER_COLUMNS if key in columns]
    if entry.get("ranking") or unused:
        what = "'ranking'" if entry.get("ranking") else f"the columns {', '.join(unused)}"
        raise Unreadable(f"{what}: preferences, tools and media are not learnt from.", "Remove the entry.", Code.FORMAT)
    formatting = entry.get("formatting") or "alpaca"
    _check_names("columns", columns, _COLUMNS.get(formatting, columns))
    _check_names("tags", tags, _TAGS)
    match formatting:
        case "alpaca":
            return _instruction(columns)
        case "sharegpt":
            return _chat(columns, tags)
        case other:
            raise Unreadable(f"'formatting' is {shown(other)}.", "Use 'alpaca' or 'sharegpt'.", Code.FORMAT)


def _check_names(key: str, given: dict[str, str], read: Collection[str]) -> None:
    for name in given:
        if name not in read:
            raise Unreadable(f"{key!r} names {name!r}, which is not read.", f"Read are: {', '.join(read)}.")


def _instruction(columns: dict[str, str]) -> InstructionReader:
    return InstructionReader(
        columns.get("prompt", "instruction"),
        columns.get("query", "input"),
        columns.get("response", "output"),
        columns.get("system", ""),
        columns.get("history", ""),
    )


def _chat(columns: dict[str, str], tags: dict[str, str]) -> ChatReader:
    roles = {
        tags.get("user_tag", "human"): Role.USER,
        tags.get("assistant_tag", "gpt"): Role.ASSISTANT,
        tags.get("system_tag", "system"): Role.SYSTEM,
    }
    messages, role = columns.get("messages", "conversations"), tags.get("role_tag", "from")
    return ChatReader("sharegpt", messages, role, tags.get("content_tag", "value"), roles, columns.get("system", ""))


def _names(entry: dict[str, Any], key: str) -> dict[str, str]:
    value = entry.get(key) or {}
    if not isinstance(value, dict) or not all(name is None or isinstance(name, str) for name in value.values()):
        raise Unreadable(f"{key!r} is {shown(value)}, not names by names.", f"Write {_SHAPE}.")
    return {column: name for column, name in value.items() if name}


def _line(text: str, name: str) -> int:
    """The line on which the entry begins; the first that holds its name as a key."""
    keys = "|".join(re.escape(json.dumps(name, ensure_ascii=ascii_only)) for ascii_only in (False, True))
    found = re.search(rf"(?:{keys})\s*:", text)
    return text.count("\n", 0, found.start() if found else 0) + 1
