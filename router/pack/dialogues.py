"""Labelled dialogues: the data for learning which messages need context, and for measuring it."""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from language import Language
from router.pack.labelled import Labelled, labelled, parse_object
from router.pack.source import Source
from router.text.clean import clean
from router.text.followup import before, together_with

OLD_KEY = "leans"  # of `needs_context`, as packs wrote it before
_HINT = 'Write {"turns": [{"text": "…", "category": "<key>" or null, "facts": [], "needs_context": true or false}, …]}.'


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a user in a dialogue, with the label that it has in that place.

    `needs_context`: nobody who sees it alone could tell what is asked. `closing`: thanks or goodbye, nothing to answer.
    """

    message: Labelled
    needs_context: bool
    closing: bool


Dialogue = tuple[Said, ...]


def read_dialogues(source: Source, keys: Set[str], ids: Set[str]) -> tuple[Dialogue, ...]:
    """Read JSON lines `{"turns": [{"text", "category", "facts", "needs_context", "closing"}]}`.

    Raises PackError at the line that is malformed or names an unknown category or fact.
    """
    lines = enumerate(source.text.split("\n"), 1)
    return tuple(_dialogue(source, number, line, keys, ids) for number, line in lines if line.strip())


def read_in_turn(dialogue: Dialogue, language: Language | None) -> Iterator[tuple[str, Labelled]]:
    """The text that is scored for each message of a dialogue: by itself, or with its context."""
    texts = [clean(said.message.text) for said in dialogue]
    for number, said in enumerate(dialogue):
        earlier = before(texts[number], texts[:number], language) if said.needs_context else ()
        yield (together_with(earlier[0], texts[number]) if earlier else texts[number]), said.message


def _dialogue(source: Source, number: int, line: str, keys: Set[str], ids: Set[str]) -> Dialogue:
    turns = parse_object(source, number, line).get("turns")
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, dict) for turn in turns):
        raise source.error(number, f"'turns' is {turns!r:.60}.", _HINT)
    for turn in turns:
        turn.setdefault("needs_context", turn.get(OLD_KEY))
        if not isinstance(turn["needs_context"], bool):
            raise source.error(number, f"'needs_context' is {turn['needs_context']!r}.", _HINT)
    return tuple(
        Said(labelled(source, number, turn, keys, ids), turn["needs_context"], turn.get("closing") is True)
        for turn in turns
    )
