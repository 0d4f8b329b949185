"""May a candidate replace what serves? A list of conditions, each met or failed, and by how much."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from finetune.judging.agreement import LEAST as LEAST_PROMPTS
from finetune.judging.agreement import Agreement
from finetune.judging.evaluate import Evaluation, Row
from finetune.judging.scoring import Verdict
from localmodel.errors import ReleaseError

LEAST_QUESTIONS = 20
MOST_DIFFERENT = 0.10
_DRAWS, _SEED = 2000, 7


@dataclass(frozen=True, slots=True)
class Difference:
    """Candidate minus what serves, on the same questions: shares from -1 to 1, with a 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.value:+.1f} points [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. `said` states the figures, and where it failed by how much."""

    name: str
    met: bool
    said: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the gate says. `candidate` and `serves` are the names of the two."""

    candidate: str
    serves: str
    conditions: tuple[Condition, ...]

    @property
    def released(self) -> bool:
        """Whether every condition is met."""
        return all(condition.met for condition in self.conditions)

    def as_json(self) -> dict[str, Any]:
        """Everything."""
        return asdict(self) | {"released": self.released}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the gate judges: the name and evaluation of a model, how its served variant agrees with full precision, and
    the chat template that it was trained under.
    """

    name: str
    evaluation: Evaluation
    agreement: Agreement
    template: str


def judge(candidate: Candidate, name: str, serves: Evaluation, template: str) -> Verdicts:
    """Hold `candidate` against the evaluation of what serves now, called `name`, on the same questions.

    - Of all questions, what users read earns more: 1 for a right answer, -1 for a wrong one or one where no fact
      answers, 0 for none. So thresholds cannot buy right answers with wrong ones. Where it earns the same, the guards
      having made good what a model got wrong, its own wording must be right more often.
    - Its own wording is not right less often, and users do not read a wrong answer more often.
    - It answers no more of the questions that no fact answers.
    - The served variant differs from full precision on at most a tenth of 200 prompts or more.
    - The chat template is the one that is served.

    Raises ReleaseError where there are too few questions, or other ones, to say so.
    """
    new, old = candidate.evaluation.rows, serves.rows
    if [row.question for row in new] != [row.question for row in old]:
        raise ReleaseError("The two models were asked different questions.", "Run `firstline finetune eval` again.")
    answerable = [row for row in new if row.question.facts]
    if len(answerable) < LEAST_QUESTIONS:
        raise ReleaseError(
            f"There are {len(answerable)} held-out questions that a fact answers.",
            f"Write at least {LEAST_QUESTIONS} in the pack's eval/questions.jsonl.",
        )
    right, wrong = Verdict.RIGHT, Verdict.WRONG
    return Verdicts(
        candidate.name,
        name,
        (
            _better("right less wrong answers, of all questions", new, old),
            _no_worse("wording right, given the right fact", new, old, lambda row: row.wording is right, 1),
            _no_worse("users read a wrong answer", new, old, lambda row: row.reading is wrong, -1),
            _honest_enough("honest where no fact answers", new, old),
            _agrees(candidate.agreement),
            _same_template(candidate.template, template),
        ),
    )


def difference(new: Sequence[int], old: Sequence[int]) -> Difference:
    """How much the mean of `new` is above that of `old`, question by question; the bootstrap is seeded."""
    gain = np.asarray(new, dtype=float) - np.asarray(old, dtype=float)
    if not len(gain):
        return Difference(0.0, 0.0, 0.0)
    rows = np.random.default_rng(_SEED).integers(len(gain), size=(_DRAWS, len(gain)))
    low, high = np.quantile(gain[rows].mean(axis=1), (0.025, 0.975))
    return Difference(float(gain.mean()), float(low), float(high))


def _honest_enough(name: str, new: Sequence[Row], old: Sequence[Row]) -> Condition:
    if all(row.question.facts for row in new):
        return Condition(name, False, "no held-out question is without a fact that answers it; write some")
    return _no_worse(name, new, old, _honest, 1, answerable=False)


def _honest(row: Row) -> bool:
    return row.reading is Verdict.UNANSWERED


def _paired(new: Sequence[Row], old: Sequence[Row], hit: Any, answerable: bool) -> tuple[list[bool], list[bool]]:
    pairs = [(one, two) for one, two in zip(new, old, strict=True) if bool(one.question.facts) is answerable]
    return [hit(one) for one, _ in pairs], [hit(two) for _, two in pairs]


def _earned(row: Row) -> int:
    return {Verdict.RIGHT: 1, Verdict.WRONG: -1, Verdict.UNANSWERED: 0}[row.reading]


def _better(name: str, new: Sequence[Row], old: Sequence[Row]) -> Condition:
    mine, theirs = [_earned(row) for row in new], [_earned(row) for row in old]
    found = difference(mine, theirs)
    said = f"{sum(mine)} against {sum(theirs)} of {len(mine)}: {found}"
    if sum(mine) == sum(theirs):
        worded = difference(*_paired(new, old, lambda row: row.wording is Verdict.RIGHT, answerable=True))
        if worded.value > 0:
            return Condition(name, True, f"{said}, and of its own wording {worded}")
    return Condition(name, found.value > 0, said if found.value > 0 else f"{said}; it must be better")


def _no_worse(
    name: str, new: Sequence[Row], old: Sequence[Row], hit: Any, sign: int, *, answerable: bool = True
) -> Condition:
    """`sign` 1 where more is better, -1 where less is."""
    mine, theirs = _paired(new, old, hit, answerable)
    found = difference(mine, theirs)
    met = sign * found.value >= 0
    said = f"{_of(mine)} against {_of(theirs)}: {found}"
    return Condition(name, met, said if met else f"{said}; it must not be worse")


def _agrees(found: Agreement) -> Condition:
    said = f"{found.different} of {found.n} different from full precision ({found.share_different:.1%})"
    if found.n < LEAST_PROMPTS:
        return Condition("agreement after quantisation", False, f"{said}; at least {LEAST_PROMPTS} prompts are needed")
    met = found.share_different <= MOST_DIFFERENT
    over = "" if met else f"; {found.share_different - MOST_DIFFERENT:.1%} over the {MOST_DIFFERENT:.0%} allowed"
    return Condition("agreement after quantisation", met, said + over)


def _same_template(trained: str, served: str) -> Condition:
    met = trained == served
    said = "the one that is served" if met else "not the one that is served: fine-tune on the model that serves"
    return Condition("chat template", met, said)


def _of(hits: Sequence[bool]) -> str:
    return f"{sum(hits)} of {len(hits)}"
