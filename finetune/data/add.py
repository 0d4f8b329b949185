"""Approved candidates become training data of a pack.

What rests on a fact goes to `train/from-log.jsonl` in the pack's grounded form. An answer of the cloud for which nobody
named a fact goes to `train-cloud/from-log.jsonl` as messages: a folder of its own, for one folder has one format, and
for a model that shall go on answering from approved text alone is not trained on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.data.candidate_file import write_lines
from finetune.data.candidates import Candidate
from finetune.data.json_records import records
from finetune.data.load import read_files
from finetune.data.problem import Problem
from finetune.data.readers.described import DESCRIPTION, data_files
from finetune.data.taught_facts import worded
from finetune.errors import DataError
from router.pack.load import Pack

GROUNDED_FILE = Path("train/from-log.jsonl")
CLOUD_FILE = Path("train-cloud/from-log.jsonl")

BorneOut = Callable[[str, str, str], bool]
"""Whether an approved text bears an answer out: text, question, answer."""


@dataclass(frozen=True, slots=True)
class Added:
    """How many candidates were written where. `known` stood there already; `unsupported` are the turns whose answer
    their fact does not bear out, which are written nowhere.
    """

    grounded: int
    cloud: int
    known: int
    unsupported: tuple[int, ...]


def add(candidates: Sequence[Candidate], pack: Pack, borne_out: BorneOut) -> Added:
    """Append the approved ones to the pack's training data, each once however often it is added.

    Raises DataError at a fact that the pack does not have and where its folder of training data is of another format,
    before anything is written, and where a file cannot be read or written, which stays as it was; adding again adds
    what is missing.
    """
    grounded_path, cloud_path = pack.folder / GROUNDED_FILE, pack.folder / CLOUD_FILE
    grounded_rows, cloud_rows = _rows(grounded_path), _rows(cloud_path)
    known = {(row.get("turn"), row.get("at")) for row in (*grounded_rows, *cloud_rows)}
    approved = [candidate for candidate in candidates if candidate.approved]
    fresh = [candidate for candidate in approved if candidate.key not in known]
    texts = {candidate.fact: _text(candidate, pack) for candidate in fresh if candidate.fact}
    sound = [c for c in fresh if not c.fact or borne_out(texts[c.fact], c.question, c.answer)]
    grounded, cloud = [c for c in sound if c.fact], [c for c in sound if not c.fact]
    if grounded:
        _check_folder(pack)
        write_lines(grounded_path, (*grounded_rows, *map(_turns, grounded)))
    if cloud:
        write_lines(cloud_path, (*cloud_rows, *(_messages(candidate, pack) for candidate in cloud)))
    unsupported = tuple(candidate.turn for candidate in fresh if candidate not in sound)
    return Added(len(grounded), len(cloud), len(approved) - len(fresh), unsupported)


def _check_folder(pack: Pack) -> None:
    folder = pack.folder / GROUNDED_FILE.parent
    if not folder.is_dir() or not data_files(folder):
        return
    hint = "Move that data to a folder of its own, to be trained on with --data, and add again."
    if (folder / DESCRIPTION).is_file():
        raise DataError(f"{folder / DESCRIPTION} says what is trained on, and {GROUNDED_FILE.name} would not be.", hint)
    for file in read_files(folder, pack):
        if file.format not in ("", "grounded"):
            what = (
                f"{file.path} is of the format {file.format!r}, what rests on a fact 'grounded', and a folder has one."
            )
            raise DataError(what, hint)


def _rows(path: Path) -> list[dict[str, Any]]:
    """What the file holds already."""
    rows = []
    for record in records(path) if path.is_file() and path.stat().st_size else ():
        if isinstance(record, Problem):
            raise record.error()
        rows.append(record.value)
    return rows


def _text(candidate: Candidate, pack: Pack) -> str:
    found = worded(pack).get(candidate.fact)
    if found is None:
        what = f"Turn {candidate.turn}: {candidate.fact!r} is no fact of {pack.name!r} that the model words."
        raise DataError(what, 'Write the id of one, or "" for none.')
    return found.text


def _turns(candidate: Candidate) -> dict[str, Any]:
    turn = {"question": candidate.question, "fact": candidate.fact, "answer": candidate.answer}
    return _origin(candidate) | {"turns": [turn]}


def _messages(candidate: Candidate, pack: Pack) -> dict[str, Any]:
    said = (("system", pack.persona.strip()), ("user", candidate.question), ("assistant", candidate.answer))
    return _origin(candidate) | {"messages": [{"role": role, "content": content} for role, content in said]}


def _origin(candidate: Candidate) -> dict[str, Any]:
    """By which a row is known again, and found when its conversation is to be forgotten."""
    return {"turn": candidate.turn, "at": candidate.at}
