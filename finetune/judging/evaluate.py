"""How a model does on held-out questions, layer by layer, so that a figure says which layer is to blame."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finetune.errors import RunError
from finetune.judging.scoring import Question, Verdict
from finetune.workspace import FIGURES, whole_json
from localmodel.atomic_files import write_text
from router.stats import Share


@dataclass(frozen=True, slots=True)
class Row:
    """One question and what came of it.

    `fact` is the router's best; `worded` the model's own words on the right fact, empty where none answers; `read` what
    the user finally reads as the desk's own answer, empty where it escalates or abstains.
    """

    question: Question
    fact: str
    worded: str
    read: str

    @property
    def wording(self) -> Verdict:
        """Of the model's own words, given the right fact."""
        return self.question.score(self.worded)

    @property
    def reading(self) -> Verdict:
        """Of what the user finally reads."""
        return self.question.score(self.read)


@dataclass(frozen=True, slots=True)
class Layers:
    """Shares with their intervals. All but `honest` are of the questions that a fact answers.

    `fact`: the router's best fact answers. `wording`: the model's own words are right, given the right fact.
    `read_right`, `read_wrong`: what the user reads; the rest is honestly unanswered or escalated. `honest`: of the
    questions that no fact answers, those that the desk does not answer.
    """

    fact: Share
    wording: Share
    read_right: Share
    read_wrong: Share
    honest: Share

    def as_json(self) -> dict[str, dict[str, int]]:
        """Hits and counts by name."""
        return {name: asdict(share) for name, share in self.items()}

    def items(self) -> tuple[tuple[str, Share], ...]:
        """In order."""
        return tuple((name, getattr(self, name)) for name in self.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All rows of one model."""

    rows: tuple[Row, ...]

    @property
    def layers(self) -> Layers:
        """Of all questions."""
        return _layers(self.rows)

    @property
    def by_category(self) -> dict[str, Layers]:
        """Of each category's questions."""
        names = dict.fromkeys(row.question.category for row in self.rows)
        return {name: _layers([row for row in self.rows if row.question.category == name]) for name in names}

    def as_json(self) -> dict[str, Any]:
        """Figures and rows; `from_json` reads it back."""
        return {
            "questions": len(self.rows),
            "layers": self.layers.as_json(),
            "categories": {name: layers.as_json() for name, layers in self.by_category.items()},
            "rows": [asdict(row) for row in self.rows],
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Evaluation":
        """What `as_json` wrote. Raises KeyError or TypeError at what is something else."""
        return cls(tuple(Row(**row | {"question": _question(row["question"])}) for row in said["rows"]))


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What `firstline finetune eval` wrote of a run: its evaluation, others `beside` it by name, and the id of the
    release that served, whose evaluation is `beside[serving(serves)]`.

    `of` holds the SHA-256 in hex of what was evaluated: the files of questions, adapter and policy, and the pack. When
    one of these changes, the evaluation is out of date.
    """

    candidate: Evaluation
    beside: Mapping[str, Evaluation]
    serves: str
    of: Mapping[str, str]


def serving(release: str) -> str:
    """What the evaluation of the release that serves is called."""
    return f"serves now: {release}"


def read_evaluated(folder: Path) -> Evaluated:
    """The evaluation in a run's folder. Raises RunError where there is none, or it is damaged."""
    if not (folder / FIGURES).is_file():
        raise RunError(f"{folder.name} was not evaluated.", "Run `firstline finetune eval` first.")
    with whole_json(folder / FIGURES) as said:
        beside = {name: Evaluation.from_json(one) for name, one in said["beside"].items()}
        return Evaluated(Evaluation.from_json(said), beside, str(said["serves"]), dict(said["of"]))


def save_evaluation(evaluation: Evaluation, path: Path, **more: object) -> None:
    """Write it as JSON, with `more` figures beside it, in one step."""
    write_text(path, json.dumps(evaluation.as_json() | more, ensure_ascii=False, indent=1) + "\n")


def _question(said: Mapping[str, Any]) -> Question:
    must = tuple(tuple(either) for either in said["must"])
    return Question(said["text"], said["category"], tuple(said["facts"]), must, tuple(said["must_not"]))


def _layers(rows: Sequence[Row]) -> Layers:
    answerable = [row for row in rows if row.question.facts]
    others = [row for row in rows if not row.question.facts]
    return Layers(
        fact=_share(answerable, lambda row: row.fact in row.question.facts),
        wording=_share(answerable, lambda row: row.wording is Verdict.RIGHT),
        read_right=_share(answerable, lambda row: row.reading is Verdict.RIGHT),
        read_wrong=_share(answerable, lambda row: row.reading is Verdict.WRONG),
        honest=_share(others, lambda row: row.reading is Verdict.UNANSWERED),
    )


def _share(rows: Sequence[Row], hit: Callable[[Row], bool]) -> Share:
    return Share(sum(hit(row) for row in rows), len(rows))
