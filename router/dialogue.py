"""Labelled dialogues: what the reading of follow-ups is learnt from and held against."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

import numpy as np

from router.followup import Leaning, before, signs, together_with
from router.labelled import Labelled, labelled, parse_object
from router.ridge import Vectors
from router.source import Source
from router.text import clean
from router.types import Scores

MIN_FOLLOW_UPS = 100  # labelled follow-ups from which the regression is fitted on them
_C = 1.0
_HINT = 'Write {"turns": [{"text": "…", "category": "<key>" or null, "facts": [], "leans": true or false}, …]}.'


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a user in a dialogue, labelled as it is to be read there.

    `leans`: nobody who sees it alone could tell what is asked. `closing`: thanks, goodbye, nothing to answer.
    """

    message: Labelled
    leans: bool
    closing: bool


Dialogue = tuple[Said, ...]


def read_dialogues(source: Source, keys: Set[str], ids: Set[str]) -> tuple[Dialogue, ...]:
    """Read JSON lines `{"turns": [{"text", "category", "facts", "leans", "closing"}]}`.

    Raises PackError at the line that is malformed or names an unknown category or fact.
    """
    lines = enumerate(source.text.split("\n"), 1)
    return tuple(_dialogue(source, number, line, keys, ids) for number, line in lines if line.strip())


def fit_leaning(
    dialogues: Sequence[Dialogue],
    score: Callable[[str], Scores],
    encode: Callable[[str], Vectors],
) -> Leaning | None:
    """The regression fitted on the follow-ups of the dialogues; None when they are too few or all alike."""
    from sklearn.linear_model import LogisticRegression

    seen = [_signs(text, earlier, score, encode) for text, earlier, _ in follow_ups(dialogues)]
    leans = np.array([leans for _, _, leans in follow_ups(dialogues)])
    if len(seen) < MIN_FOLLOW_UPS or leans.all() or not leans.any():
        return None
    rows = np.stack(seen)
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    model = LogisticRegression(C=_C, max_iter=500).fit((rows - mean) / scale, leans)
    return Leaning(mean, scale, model.coef_[0], model.intercept_)


def follow_ups(dialogues: Sequence[Dialogue]) -> list[tuple[str, str, bool]]:
    """Each message that may lean, clean, with the one that it may lean on, and whether it does."""
    found = []
    for dialogue in dialogues:
        texts = [clean(said.message.text) for said in dialogue]
        for number, said in enumerate(dialogue):
            earlier = before(texts[number], texts[:number])
            if earlier is not None and not said.closing:
                found.append((texts[number], earlier, said.leans))
    return found


def _signs(
    text: str, earlier: str, score: Callable[[str], Scores], encode: Callable[[str], Vectors]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    likeness = float(encode(text) @ encode(earlier))
    return signs(text, score(text), score(together_with(earlier, text)), likeness)


def _dialogue(source: Source, number: int, line: str, keys: Set[str], ids: Set[str]) -> Dialogue:
    turns = parse_object(source, number, line).get("turns")
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, dict) for turn in turns):
        raise source.error(number, f"'turns' is {turns!r:.60}.", _HINT)
    for turn in turns:
        if not isinstance(turn.get("leans"), bool):
            raise source.error(number, f"'leans' is {turn.get('leans')!r}.", _HINT)
    return tuple(
        Said(labelled(source, number, turn, keys, ids), turn["leans"], turn.get("closing") is True) for turn in turns
    )
