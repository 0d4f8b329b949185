"""How a message is read: by itself, question by question, or with the one before it; one set of scores comes out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from router.classifier import FACTS_SHOWN, Classifier
from router.encoder import Encoder
from router.followup import DOUBT, SURE, Leaning, before, signs, strength, together_with
from router.outcomemodel import OutcomeModel
from router.parts import LONG_WORDS, MAX_QUESTIONS, asking, own_words, questions
from router.ridge import Vectors
from router.text import clean, has_words
from router.types import ScoredFact, Scores

LOOK_BACK = 8  # earlier messages that are looked at
OWN_FACT = 0.7  # probability from which a question that leans has a fact of its own
_MAX_SENTENCES = 8  # of a long message, the last ones that ask


class Reader:
    """Thread-safe. No text is embedded twice for one message."""

    def __init__(
        self, encoder: Encoder, classifier: Classifier, leaning: Leaning, outcomes: OutcomeModel | None
    ) -> None:
        self._encoder, self._classifier, self._leaning, self._outcomes = encoder, classifier, leaning, outcomes

    def scores(self, message: str, turns: Sequence[str]) -> Scores:
        """What the classifiers say of a clean message after the user's earlier ones, oldest first."""
        return _Reading(self._encoder, self._classifier, self._leaning, self._outcomes, {}).scores(message, turns)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The reading of one message; `vectors` are those embedded so far."""

    encoder: Encoder
    classifier: Classifier
    leaning: Leaning
    outcomes: OutcomeModel | None
    vectors: dict[str, Vectors]

    def scores(self, message: str, turns: Sequence[str]) -> Scores:
        """Read with the message before where it leans on that."""
        alone = self._alone(message)
        earlier = before(message, [clean(turn) for turn in turns[-LOOK_BACK:]])
        if not earlier:
            return alone
        together = max((self._one(together_with(text, message)) for text in earlier), key=strength)
        vector = self._vector(message)
        likeness = float(vector @ self._vector(earlier[0]))
        chance = self.leaning.probability(signs(message, alone, together, likeness), vector)
        read = replace(together, leaned=True) if chance >= SURE else alone
        if abs(chance - SURE) < DOUBT:  # both readings must be covered
            return replace(read, in_scope=min(alone.in_scope, together.in_scope))
        return read

    def _alone(self, message: str) -> Scores:
        if not has_words(message):
            return replace(self._one(message), in_scope=0.0, no_fact=1.0, facts=())
        if len(message.split()) >= LONG_WORDS:
            return self._long(message)
        asked = questions(message)
        return self._several(message, asked) if 1 < len(asked) <= MAX_QUESTIONS else self._one(message)

    def _several(self, message: str, asked: Sequence[str]) -> Scores:
        """As sure as the question that is least covered, each read after those before it. The best fact of each
        comes first, in the order of asking.
        """
        whole = self._one(message)
        parts = [self.scores(question, asked[:number]) for number, question in enumerate(asked)]
        best = list[ScoredFact]()
        for question, part in zip(asked, parts, strict=True):
            best += self._fact_of(question, part, best)
        facts = {fact.id: fact for fact in (*whole.facts, *best)}
        order = dict.fromkeys(fact.id for fact in (*best, *whole.facts))
        return replace(
            whole,
            in_scope=min(part.in_scope for part in parts),
            facts=tuple(facts[name] for name in order)[:FACTS_SHOWN],
            asked=len({fact.id for fact in best}) or 1,
        )

    def _fact_of(self, question: str, read: Scores, taken: Sequence[ScoredFact]) -> tuple[ScoredFact, ...]:
        """The fact for one question of several: of its reading, unless that is one given before and the question has a
        sure one of its own.
        """
        if read.leaned and read.facts[:1] and read.facts[0].id in {fact.id for fact in taken}:
            own = self._alone(question).facts[:1]
            return own if own and own[0].probability >= OWN_FACT else read.facts[:1]
        return read.facts[:1]

    def _long(self, message: str) -> Scores:
        """By the surest of the sentences that ask; the facts by that, the customer's own words and the whole."""
        own = own_words(message)
        best = max((self._one(sentence) for sentence in asking(own)[-_MAX_SENTENCES:]), key=strength)
        readings = (best, self._one(own), self._one(message))
        return replace(best, facts=_averaged(readings), no_fact=sum(r.no_fact for r in readings) / len(readings))

    def _one(self, text: str) -> Scores:
        vector = self._vector(text)
        scores = self.classifier.scores(text, vector)
        return replace(scores, answers_well=self.outcomes.answers_well(scores, vector)) if self.outcomes else scores

    def _vector(self, text: str) -> Vectors:
        if text not in self.vectors:
            self.vectors[text] = self.encoder.encode_one(text)
        return self.vectors[text]


def _averaged(readings: Sequence[Scores]) -> tuple[ScoredFact, ...]:
    """The facts of several readings by their mean probability, best first; one not among the likeliest counts 0."""
    found = {fact.id: fact for scores in readings for fact in scores.facts}
    means = {
        name: sum(fact.probability for scores in readings for fact in scores.facts if fact.id == name) / len(readings)
        for name in found
    }
    best = sorted(means, key=lambda name: -means[name])[:FACTS_SHOWN]
    return tuple(replace(found[name], probability=means[name]) for name in best)
