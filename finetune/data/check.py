"""Training data held against what a run needs of them. See docs/training-data.md."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from finetune.data.conversation import Conversation, Role
from finetune.data.held_out import HeldOut
from finetune.data.leaks import leaks, questions
from finetune.data.load import DataFile
from finetune.data.privacy import contacts, find
from finetune.data.problem import Code, Problem
from finetune.data.taught_facts import worded
from language import Language
from router.pack.load import Pack
from router.pack.overlap import fold

PER_CATEGORY, PER_FACT = 30, 5


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_tokens` of an example, None for any number; `per_category`, `per_fact`: the examples wanted of each."""

    max_tokens: int | None = None
    per_category: int = PER_CATEGORY
    per_fact: int = PER_FACT


@dataclass(frozen=True, slots=True)
class FileCount:
    """One file's share. `turns` are answers of the assistant."""

    path: Path
    format: str
    conversations: int
    turns: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of an example, chat template included; all 0 where there is none. `p95` by nearest rank."""

    median: float = 0
    p95: int = 0
    longest: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """Examples of a category or a fact, and how many were wanted."""

    name: str
    examples: int
    target: int

    @property
    def wants(self) -> int:
        """How many more would meet the target."""
        return max(0, self.target - self.examples)


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; problems first file by file, then of all conversations, kind by kind.

    `names_looked_for` is False where the language has no rules for them: then personal data were looked for by their
    form alone.
    """

    files: tuple[FileCount, ...]
    lengths: Lengths
    categories: tuple[Coverage, ...]
    facts: tuple[Coverage, ...]
    problems: tuple[Problem, ...]
    names_looked_for: bool = True

    @property
    def conversations(self) -> int:
        """Of all files."""
        return sum(file.conversations for file in self.files)

    @property
    def turns(self) -> int:
        """Answers of the assistant in all files."""
        return sum(file.turns for file in self.files)

    @property
    def refused(self) -> bool:
        """Whether anything must be put right before training."""
        return any(problem.refused for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        """For programs; coverage with what it `wants`."""
        return {
            "files": [asdict(file) | {"path": str(file.path)} for file in self.files],
            "conversations": self.conversations,
            "turns": self.turns,
            "tokens": asdict(self.lengths),
            "categories": [asdict(one) | {"wants": one.wants} for one in self.categories],
            "facts": [asdict(one) | {"wants": one.wants} for one in self.facts],
            "problems": [problem.as_json() for problem in self.problems],
            "names_looked_for": self.names_looked_for,
            "refused": self.refused,
        }


def check(
    files: Sequence[DataFile],
    held_out: Sequence[HeldOut],
    count_tokens: Callable[[Conversation], int],
    pack: Pack | None = None,
    known: frozenset[str] = frozenset(),
    limits: Limits = Limits(),
    *,
    language: Language | None,
) -> Report:
    """Hold the data against `limits`, the held-out questions and each other; nothing raises, nothing is left out.

    `count_tokens` gives the tokens of an example; `known` are contact details that are nobody's own
    (`privacy.contacts`). Without a pack no coverage is counted, without a `language`
    no names are looked for.
    """
    said = tuple(conversation for file in files for conversation in file.conversations)
    tokens = [count_tokens(conversation) for conversation in said]
    found = chain(
        (problem for file in files for problem in file.problems),
        _too_long(said, tokens, limits.max_tokens) if limits.max_tokens else (),
        leaks(said, held_out),
        _twice(said),
        _personal(said, language, known),
    )
    categories, facts = _coverage(said, pack, limits) if pack else ((), ())
    counts, names = tuple(_count(file) for file in files), language is not None
    return Report(counts, _lengths(tokens), categories, facts, tuple(found), names)


def _count(file: DataFile) -> FileCount:
    turns = sum(m.role is Role.ASSISTANT for conversation in file.conversations for m in conversation.messages)
    return FileCount(file.path, file.format, len(file.conversations), turns)


def _lengths(tokens: Sequence[int]) -> Lengths:
    if not tokens:
        return Lengths()
    ordered = sorted(tokens)
    return Lengths(median(ordered), ordered[ceil(0.95 * len(ordered)) - 1], ordered[-1])


def _too_long(said: Sequence[Conversation], tokens: Sequence[int], longest: int) -> Iterator[Problem]:
    for conversation, count in zip(said, tokens, strict=True):
        if count > longest:
            what = f"the example has {count} tokens, the longest may have {longest}."
            yield Problem(conversation.place, Code.TOO_LONG, what, "Shorten it, or raise --max-tokens.")


def _twice(said: Sequence[Conversation]) -> Iterator[Problem]:
    seen: dict[tuple[str, ...], Conversation] = {}
    for conversation in said:
        first = seen.setdefault(_gist(conversation), conversation)
        if first is not conversation:
            what = f"the same as {first.place}."
            yield Problem(conversation.place, Code.DUPLICATE, what, "Remove one of them: twice is learnt twice.")


def _gist(conversation: Conversation) -> tuple[str, ...]:
    """What is asked and answered, folded, and the text that a grounded prompt holds besides."""
    return (_grounds(conversation), *(fold(text) for text in _said(conversation)))


def _personal(said: Sequence[Conversation], language: Language | None, known: frozenset[str]) -> Iterator[Problem]:
    """Of what is asked and answered; the contact details of a text that is answered from are nobody's own."""
    for conversation in said:
        texts = _said(conversation)
        if not any(find(text, language, known) for text in texts):
            continue
        public = known | contacts([_grounds(conversation)], language)
        kinds = dict.fromkeys(finding.kind.value for text in texts for finding in find(text, language, public))
        if kinds:
            what = f"likely personal data: {', '.join(kinds)}."
            yield Problem(conversation.place, Code.PERSONAL, what, "Make it up, or put the kind in brackets: [phone].")


def _said(conversation: Conversation) -> tuple[str, ...]:
    answers = (message.content for message in conversation.messages if message.role is Role.ASSISTANT)
    return (*questions(conversation), *answers)


def _grounds(conversation: Conversation) -> str:
    """The user's message but for the customer's own words; "" where it is nothing else."""
    asked = conversation.asked
    return conversation.messages[-2].content.replace(asked, "", 1) if asked else ""


def _coverage(
    said: Sequence[Conversation], pack: Pack, limits: Limits
) -> tuple[tuple[Coverage, ...], tuple[Coverage, ...]]:
    facts = worded(pack).values()
    by_fact = Counter(conversation.fact for conversation in said if conversation.fact)
    by_category: dict[str, int] = {}
    for fact in facts:
        by_category[fact.category] = by_category.get(fact.category, 0) + by_fact[fact.id]
    categories = (Coverage(key, examples, limits.per_category) for key, examples in by_category.items())
    return tuple(categories), tuple(Coverage(fact.id, by_fact[fact.id], limits.per_fact) for fact in facts)
