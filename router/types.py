"""The router's types: what goes in, what comes out. All of them are frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from router.plain import plain_fields

if TYPE_CHECKING:
    from pydantic import TypeAdapter

OUT_OF_SCOPE_LABEL = "out_of_scope"  # of a neighbour that is out of scope
SAFETY = "safety"  # category of a message of danger, which is answered before anything else


class Route(StrEnum):
    """Who answers; ASK: nobody yet, the customer is asked which of a few answers is meant."""

    LOCAL = "local"
    CLOUD = "cloud"
    ABSTAIN = "abstain"
    ASK = "ask"


class Mode(StrEnum):
    """Whether the deployment may use the cloud."""

    HYBRID = "hybrid"
    LOCAL_ONLY = "local-only"


class ReasonCode(StrEnum):
    """Why a message took its route; the words for it are in `Reason.text`."""

    IN_SCOPE = "in_scope"
    OUT_OF_SCOPE = "out_of_scope"
    FACT_FOUND = "fact_found"
    NO_FACT = "no_fact"
    WEAK_LOCALLY = "weak_locally"
    FOLLOW_UP = "follow_up"
    CLOUD_NOT_ALLOWED = "cloud_not_allowed"
    CLOUD_NOT_CONNECTED = "cloud_not_connected"
    REFUSED = "refused"
    FORCED = "forced"
    SAFETY = "safety"
    ASKED_BACK = "asked_back"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: a code for programs, one plain sentence for people."""

    code: ReasonCode
    text: str


class FactVoice(StrEnum):
    """How a fact is said.

    PHRASED: by the model, close to the text, which it is given; the support check holds the answer to it. VERBATIM:
    word for word, by no model. FREE: by the model in its own words, as fine-tuning taught it, without the text in the
    prompt and without the support check; the text stands in where the model fails. FREE is for identity and small talk
    only.
    """

    PHRASED = "phrased"
    VERBATIM = "verbatim"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Fact:
    """One approved answer of a pack. `id` is `<category>.<name>`; `questions` are examples of what it answers.

    `title` is what stands on its button where the customer is asked which answer is meant; "" offers it never.
    """

    id: str
    category: str
    text: str
    questions: tuple[str, ...]
    voice: FactVoice = FactVoice.PHRASED
    title: str = ""


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of message that the deployment answers by itself. `unanswerable` are messages of this kind that no fact
    answers: near misses, which teach where the facts end. `small_talk`: its facts answer greetings and thanks, and are
    given only where that is sure and nothing else is said.
    """

    key: str
    title: str
    description: str
    examples: tuple[str, ...]
    facts: tuple[Fact, ...]
    unanswerable: tuple[str, ...] = ()
    small_talk: bool = False


@dataclass(frozen=True, slots=True)
class ScoredFact:
    """A fact with the calibrated probability that it answers the message, 0 to 1."""

    id: str
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training message near the one routed. `label` is a category key or `out_of_scope`; similarity is a cosine."""

    text: str
    label: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Scores:
    """The calibrated probabilities of one message, before any policy.

    `confidence` is P(category | in scope) and `in_scope` P(in scope), both calibrated, 0 to 1.
    `no_fact` is the probability that none of the pack's facts answers. `facts` are the likeliest, best first; where the
    message asks several things, the first `asked` of them answer one each, in the order of asking.
    `answers_well` is P(the local model words it well), None without an outcome model.
    """

    category: str
    confidence: float
    in_scope: float
    no_fact: float
    facts: tuple[ScoredFact, ...]
    neighbours: tuple[Neighbour, ...]
    needs_context: bool = False
    answers_well: float | None = None
    asked: int = 1


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The deployment's state that the policy depends on, besides the message.

    `may_ask`: whether the customer may be asked which of a few answers is meant.
    """

    mode: Mode = Mode.HYBRID
    cloud_connected: bool = False
    may_ask: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Where one message goes, and why.

    `threshold` is what `in_scope` was held against for this category, `fact_threshold` what the best fact was. `facts`
    are the chosen facts, best first; empty when none is sure enough. `candidates` are the likeliest facts whatever the
    threshold, for who answers instead. The first `asked` of either answer one question of the message each.
    `needs_context` says that the message was read together with the one before it. `no_fact` and `answers_well` are
    those of the scores; `answer_threshold` is what the latter was held against, 0 for nothing. `options` are the facts
    that the customer is asked to choose among, best first; empty on every route but ASK. `elapsed_ms` is the time
    of the whole decision in milliseconds.
    """

    route: Route
    mode: Mode
    category: str
    confidence: float
    in_scope: float
    threshold: float
    fact_threshold: float
    facts: tuple[ScoredFact, ...]
    neighbours: tuple[Neighbour, ...]
    reasons: tuple[Reason, ...]
    policy: str
    candidates: tuple[ScoredFact, ...] = ()
    needs_context: bool = False
    no_fact: float | None = None
    answers_well: float | None = None
    answer_threshold: float = 0.0
    asked: int = 1
    options: tuple[ScoredFact, ...] = ()
    elapsed_ms: float = field(default=0.0, compare=False)

    def as_json(self) -> dict[str, Any]:
        """The decision as JSON-ready data: enums as their values, probabilities to four places."""
        return plain_fields(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Decision":
        """The decision that `as_json` wrote, in this version or an earlier one; a text deleted since is empty.

        Raises ValueError for what no version wrote.
        """
        try:
            return _reader().validate_python(_in_todays_words(data))
        except (KeyError, TypeError) as error:
            raise ValueError(f"This is no decision: {error!r}.") from error


def least_sure(facts: Sequence[ScoredFact], asked: int) -> float:
    """What a fact threshold is held against: the lowest probability of the first `asked` facts; 0 without a fact."""
    return min((fact.probability for fact in facts[:asked]), default=0.0)


_FORMER_FIELDS = {"leaned": "needs_context"}
_FORMER_LABELS = {"edge": OUT_OF_SCOPE_LABEL}
_LISTS = ("facts", "candidates", "neighbours", "reasons", "options")


@cache
def _reader() -> "TypeAdapter[Decision]":
    """Loaded when the first decision is read, so that `--help` and the router itself do without."""
    from pydantic import TypeAdapter

    return TypeAdapter(Decision)


def _in_todays_words(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data under the names that fields and labels have now. Fields that an earlier version lacked are left out."""
    now = {_FORMER_FIELDS.get(name, name): value for name, value in data.items()}
    now |= {name: [{"text": "", **item} for item in now[name]] for name in _LISTS if name in now}
    for near in now.get("neighbours", ()):
        near["label"] = _FORMER_LABELS.get(near["label"], near["label"])
    return now
