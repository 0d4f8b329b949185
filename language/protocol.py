"""What the product needs to know of a language: one attribute or method a need."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

Words = frozenset[str]
"""Lower-case words."""


@dataclass(frozen=True, slots=True)
class FollowUpWords:
    """Signs that a message needs the one before it to be understood; empty for a language without rules.

    `connectives` and `openers` begin such a message ("and", "what about"), `pointers` refer back ("it"),
    `phrase_starts` begin a phrase without a clause ("to Canada?"). `small_talk` asks for nothing.
    """

    connectives: Words = frozenset()
    openers: tuple[str, ...] = ()
    pointers: Words = frozenset()
    function: Words = frozenset()
    phrase_starts: Words = frozenset()
    small_talk: Words = frozenset()


_NO_WORDS = re.compile(r"(?!)")
_QUESTION_MARK = re.compile(r"\?")
_QUOTED = re.compile(r"\s*(?:[>|]|-{2,}|_{3,}|={3,})")


@dataclass(frozen=True, slots=True)
class QuestionForms:
    """How questions begin and how a pasted mail is known. The defaults are punctuation alone, for any language.

    `asks` is found in what asks something, `next_question` where one question ends and another begins, `not_own`
    begins a line of a mail that is not the customer's own.
    """

    asks: re.Pattern[str] = _QUESTION_MARK
    next_question: re.Pattern[str] = _NO_WORDS
    not_own: re.Pattern[str] = _QUOTED


@dataclass(frozen=True, slots=True)
class ActForms:
    """How somebody asks that something be done, which no answer does: `asks` is found in such a message, `said` begins
    the answer to it.
    """

    asks: re.Pattern[str]
    said: str


@dataclass(frozen=True, slots=True)
class ClaimWords:
    """The closed word classes by which the support guard takes a sentence apart. Any other word claims something.

    `function` words claim nothing. `markers` maps a word to its kinds (negation, restriction, condition, duty, yes):
    an answer's clause must have the kinds of its source. A clause that begins with a `subordinate` word belongs to
    its neighbour; `conjunctions` part clauses; `pronouns` refer to the sentence before; `verbs` tell a clause from an
    item of a list. `we` and `you` are the two sides, `ours` and `yours` what is theirs. `things` are words for what
    was bought: harmless in an answer when the customer used them.
    """

    function: Words
    markers: Mapping[str, Words]
    subordinate: Words
    conjunctions: Words
    pronouns: Words
    verbs: Words
    we: str
    you: str
    ours: str
    yours: str
    things: Words


@dataclass(frozen=True, slots=True)
class NumberWords:
    """Numbers, units and limits as people write them.

    `values` are number words with what they count; `uncounted` further ones whose value depends on their neighbours
    ("hundred"), `ambiguous` those that often count nothing ("one"). `units` maps each spelling to its unit,
    `unit_pairs` those of two words; `dimensions` maps a unit to what it measures: money, share, time, points, ….
    `limits` are words beside a number that are part of it ("from", "until"), by class; `limit_pairs` those of two
    words before it, `limit_pairs_after` behind it; `passed_over` may stand between a limit and its number. `halves`
    are the hours that "am" and "pm" add; `range_words` stand between the ends of a range; `months` as they are
    written, short forms too.
    """

    values: Mapping[str, int] = field(default_factory=dict)
    uncounted: Words = frozenset()
    ambiguous: Words = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    unit_pairs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    dimensions: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    limit_pairs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    limit_pairs_after: Mapping[tuple[str, str], str] = field(default_factory=dict)
    passed_over: Words = frozenset()
    halves: Mapping[str, int] = field(default_factory=dict)
    range_words: Words = frozenset()
    months: Words = frozenset()

    @property
    def spoken(self) -> Words:
        """The words that surely give a number."""
        return (frozenset(self.values) | self.uncounted) - self.ambiguous

    @property
    def unit_words(self) -> Words:
        """All words that make a unit, or half of one."""
        return frozenset({*self.units, *self.halves, *(word for pair in self.unit_pairs for word in pair)})


@dataclass(frozen=True, slots=True)
class StatementForms:
    """How a customer states something of their own, for the running summary.

    `kinds` maps what a sentence is about (home, size, date, wish, own, product, order) to what is found in it;
    e-mail and telephone have a form in every language and are not among them. `corrects` is found in a sentence that
    takes something back, `asks_name` in one that asks for the customer's own name.
    """

    kinds: Mapping[str, re.Pattern[str]]
    corrects: re.Pattern[str]
    asks_name: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class ContactWords:
    """Words before a number that say what it is.

    `other` ends with an order, a parcel, an account, …, `call` with what one does with a telephone number. Without
    words no number is believed to be a telephone's but by its country code.
    """

    other: re.Pattern[str]
    call: re.Pattern[str]


class Introduction(NamedTuple):
    """A name that its bearer gives: from `begin` the words that introduce it, from `start` to before `end` it."""

    begin: int
    start: int
    end: int


class Language(Protocol):
    """A language that the product has rules for."""

    @property
    def code(self) -> str:
        """As ISO 639-1 has it, and a pack names it: `en`."""

    @property
    def follow_up(self) -> FollowUpWords:
        """For the router: does a message need the one before it?"""

    @property
    def questions(self) -> QuestionForms:
        """For the router: what a message asks."""

    @property
    def ordinals(self) -> tuple[str, ...]:
        """For the answer to a question back: "first", "second", "third"."""

    @property
    def acts(self) -> ActForms:
        """For the answer: does the message ask for an act?"""

    @property
    def claims(self) -> ClaimWords:
        """For the support guard: what a sentence claims."""

    @property
    def numbers(self) -> NumberWords:
        """For the guards: what a number counts."""

    @property
    def statements(self) -> StatementForms:
        """For the running summary: what the customer says of themselves."""

    @property
    def talk(self) -> Words:
        """Words that any account of a conversation uses: "the customer asked about …"."""

    @property
    def contacts(self) -> ContactWords:
        """For links in an answer: which numbers can be called."""

    def __hash__(self) -> int:
        """A language is one object, and what is worked out of it is kept by it."""

    def stem(self, word: str) -> str:
        """What forms of a lower-case word have in common. Rather two stems for one word than one for two."""

    def contraction(self, word: str) -> tuple[str, ...]:
        """The words that a lower-case word with an apostrophe stands for, as far as they claim something."""

    def introduced(self, text: str) -> Iterator[Introduction]:
        """Each name that is introduced, for masking: rather a word too many than a name too few."""

    def repeated(self, text: str, names: Iterable[str]) -> Iterator[tuple[int, int]]:
        """Start and end of each of the `names` and of the single words of one, for masking."""

    def own_name(self, sentence: str) -> Introduction | None:
        """The name that a customer gives as their own, to be called by it: rather none than a wrong one."""
