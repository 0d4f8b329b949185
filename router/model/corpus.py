"""The training data of the classifiers: every message and answer of a pack, with its labels."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from router.pack.dialogues import read_in_turn
from router.pack.labelled import Labelled
from router.pack.load import Pack

OUT_OF_SCOPE = -1  # category of a message that must not be answered locally; fact of a message that no fact answers
UNKNOWN = -1  # in `fact`: no fact to learn from


@dataclass(frozen=True, slots=True)
class Corpus:
    """Rows of text. `category` (n,) holds indices or OUT_OF_SCOPE, `fact` (n,) the one fact to learn the row as or
    UNKNOWN.

    `answers` (n, facts + 1) marks what may rightly be chosen for the row, its last column meaning "no fact";
    a row of False is not known and teaches nothing of facts. `message` (n,) is False for the facts' own
    texts and for dialogues, which are learnt from but never stand for a user's single message; `calibration` (n,)
    marks the labelled traffic, `dialogue` (n,) the messages of dialogues. `fact_category` (facts,) is the category of
    each fact.
    """

    texts: tuple[str, ...]
    category: NDArray[np.int64]
    fact: NDArray[np.int64]
    answers: NDArray[np.bool_]
    message: NDArray[np.bool_]
    calibration: NDArray[np.bool_]
    dialogue: NDArray[np.bool_]
    fact_category: NDArray[np.int64]

    @property
    def unanswerable(self) -> NDArray[np.bool_]:
        """(n,): in scope, and known to be answered by no fact."""
        return np.asarray((self.category != OUT_OF_SCOPE) & self.answers[:, -1])


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    category: int
    facts: tuple[int, ...]
    known: bool = True
    message: bool = True
    calibration: bool = False
    dialogue: bool = False


def build_corpus(pack: Pack) -> Corpus:
    """All rows of a pack.

    A category's examples have no fact label: they teach category and scope only. What it calls unanswerable is known
    to have no fact. A calibration message with several right facts teaches the first, which is the best.
    """
    rows = _pack_rows(pack) + _out_of_scope_rows(pack) + _dialogue_rows(pack) + _calibration_rows(pack)
    return Corpus(
        texts=tuple(row.text for row in rows),
        category=np.array([row.category for row in rows]),
        fact=np.array([row.facts[0] if row.facts else UNKNOWN for row in rows]),
        answers=np.stack([_answers(row, len(pack.facts)) for row in rows]),
        message=np.array([row.message for row in rows]),
        calibration=np.array([row.calibration for row in rows]),
        dialogue=np.array([row.dialogue for row in rows]),
        fact_category=np.array([n for n, category in enumerate(pack.categories) for _ in category.facts]),
    )


def _answers(row: _Row, facts: int) -> NDArray[np.bool_]:
    right = np.zeros(facts + 1, dtype=np.bool_)
    right[list(row.facts) or [facts]] = row.known
    return right


def _pack_rows(pack: Pack) -> list[_Row]:
    rows: list[_Row] = []
    index = {fact.id: number for number, fact in enumerate(pack.facts)}
    for number, category in enumerate(pack.categories):
        rows += [_Row(text, number, (), known=False) for text in category.examples]
        rows += [_Row(text, number, ()) for text in category.unanswerable]
        for fact in category.facts:
            rows += [_Row(text, number, (index[fact.id],)) for text in fact.questions]
            rows.append(_Row(fact.text, number, (index[fact.id],), message=False))
    return rows


def _out_of_scope_rows(pack: Pack) -> list[_Row]:
    return [_Row(text, OUT_OF_SCOPE, ()) for text in pack.out_of_scope]


def _dialogue_rows(pack: Pack) -> list[_Row]:
    """Each message of a dialogue as it will be scored: with its context where it needs one."""
    return [
        replace(_labelled_row(pack, replace(message, text=text)), message=False, dialogue=True)
        for dialogue in pack.dialogues
        for text, message in read_in_turn(dialogue, pack.rules)
    ]


def _calibration_rows(pack: Pack) -> list[_Row]:
    return [replace(_labelled_row(pack, row), calibration=True) for row in pack.calibration]


def _labelled_row(pack: Pack, row: Labelled) -> _Row:
    keys = [category.key for category in pack.categories]
    facts = [fact.id for fact in pack.facts]
    category = OUT_OF_SCOPE if row.category is None else keys.index(row.category)
    return _Row(row.text, category, tuple(facts.index(name) for name in row.facts))
