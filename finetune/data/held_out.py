"""The questions that a model is judged on, and must not have learnt from."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from finetune.data.conversation import Place
from finetune.data.json_records import records
from finetune.data.problem import Problem


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A message of the held-out data and where it stands."""

    text: str
    place: Place


def read_held_out(paths: Iterable[Path]) -> tuple[HeldOut, ...]:
    """Of records `{"text": …}` the text, of dialogues `{"turns": [{"text": …}, …]}` each turn's; all else is skipped.

    Raises DataError where a file is not JSON.
    """
    found = []
    for record in (record for path in paths for record in records(path)):
        if isinstance(record, Problem):
            raise record.error()
        turns = record.value.get("turns")
        items = turns if isinstance(turns, list) else [record.value]
        texts = (item.get("text") for item in items if isinstance(item, dict))
        found += [HeldOut(text, record.place) for text in texts if isinstance(text, str)]
    return tuple(found)
