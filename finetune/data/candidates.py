"""Answers that were given in use, as candidates for training. A person approves each before it is one.

The way: `propose` masks and filters what the log holds, `merge` keeps what a person has decided before,
`finetune.data.candidate_file` holds it in between, and `finetune.data.add` writes what was approved into a pack.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from finetune.data.privacy import find, mask, names_in, pack_contacts
from finetune.data.taught_facts import worded
from finetune.errors import DataError
from language import Language
from router.pack.load import Pack
from router.types import Fact, Route


@dataclass(frozen=True, slots=True)
class LoggedTurn:
    """A turn of the log that may teach: a local answer that was liked, or one of the cloud that was not disliked.

    `fact` is the id, and `fact_text` the wording then, of what a local answer rests on; of the cloud's both are "".
    `nearest` are the ids of the facts that were likeliest, best first.
    """

    id: int
    at: datetime
    route: Route
    category: str
    question: str
    answer: str
    fact: str = ""
    fact_text: str = ""
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A masked turn, and what a person has decided on it.

    `turn` and `at` (ISO 8601) together identify it, for the numbers of another database begin at 1 again. `masked` are
    the kinds of personal data that were taken out. A person may correct every text, and name the `fact` that a cloud's
    answer rests on: with one it becomes a grounded turn.
    """

    turn: int
    at: str
    route: str
    category: str
    question: str
    answer: str
    fact: str = ""
    nearest: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    approved: bool = False
    declined: bool = False

    @property
    def key(self) -> tuple[int, str]:
        """What identifies it."""
        return self.turn, self.at

    @property
    def decided(self) -> bool:
        """Whether a person has said yes or no."""
        return self.approved or self.declined

    def as_json(self) -> dict[str, Any]:
        """A line of the candidates' file; what a person sets comes first."""
        decision = {"approved": self.approved, "declined": self.declined}
        what = {"turn": self.turn, "at": self.at, "route": self.route, "category": self.category}
        said = {"question": self.question, "fact": self.fact, "answer": self.answer}
        return decision | what | said | {"nearest": list(self.nearest), "masked": list(self.masked)}


def propose(turns: Iterable[LoggedTurn], pack: Pack) -> tuple[Candidate, ...]:
    """The turns that may still teach this pack's model, masked, none of them approved.

    Left out are local answers from a fact that has gone, has been reworded since, or is not worded from its text.
    Raises DataError where the pack's language has no rules: what cannot be masked is not written anywhere.
    """
    facts, known, language = worded(pack), pack_contacts(pack), maskable(pack)
    return tuple(_candidate(turn, facts, language, known) for turn in turns if _stands(turn, facts))


def maskable(pack: Pack) -> Language:
    """The rules by which personal data are masked. Raises DataError where there are none for the pack's language."""
    if pack.rules is None:
        what = f"Nothing was masked and nothing written: there are no rules for names in {pack.language!r}."
        raise DataError(what, "Write training data by hand, or add rules for the language (docs/languages.md).")
    return pack.rules


def merge(
    old: Sequence[Candidate], new: Sequence[Candidate], language: Language, known: frozenset[str] = frozenset()
) -> tuple[Candidate, ...]:
    """The new ones in order, each as it stands in the old where a person may have decided on it or corrected it.

    - What the log no longer holds, because its conversation was deleted or its thumb taken back, is in the old alone
      and goes, approved or not.
    - An undecided one is masked again, for an earlier release may have found less; `known` contacts are not.
    """
    before = {one.key: one if one.decided else _masked(one, language, known) for one in old}
    return tuple(before.get(candidate.key, candidate) for candidate in new)


def _stands(turn: LoggedTurn, facts: dict[str, Fact]) -> bool:
    if not turn.question.strip() or not turn.answer.strip():
        return False
    if turn.route is Route.CLOUD:
        return True
    if any(fact not in facts for fact in turn.nearest[:1]):  # a fact without a source: the one shown is another's
        return False
    return turn.fact in facts and facts[turn.fact].text.strip() == turn.fact_text.strip()


def _candidate(turn: LoggedTurn, facts: dict[str, Fact], language: Language, known: frozenset[str]) -> Candidate:
    candidate = Candidate(
        turn=turn.id,
        at=turn.at.isoformat(timespec="seconds"),
        route=turn.route.value,
        category=turn.category,
        question=turn.question,
        answer=turn.answer,
        fact=turn.fact,
        nearest=tuple(fact for fact in turn.nearest if fact in facts),
    )
    return _masked(candidate, language, known)


def _masked(candidate: Candidate, language: Language, known: frozenset[str]) -> Candidate:
    """A name that the question or the answer introduces is masked in both."""
    said = (candidate.question, candidate.answer)
    names = names_in(said, language, known)
    kinds = dict.fromkeys(finding.kind.value for text in said for finding in find(text, language, known, names))
    question, answer = (mask(text, language, known, names) for text in said)
    masked = (*candidate.masked, *(kind for kind in kinds if kind not in candidate.masked))
    return replace(candidate, question=question, answer=answer, masked=masked)
