"""Score a message: by itself, question by question, or with the message before it as context."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from language import Language
from router.arrays import Vectors
from router.encoder.encoder import Encoder
from router.model.classifier import FACTS_SHOWN, Classifier
from router.outcomes.model import OutcomeModel
from router.text.clean import clean, has_words
from router.text.followup import DOUBT, LOOK_BACK, SURE, FollowUpModel, before, signs, strength, together_with
from router.text.questions import LONG_WORDS, MAX_QUESTIONS, asking, own_words, phrases, questions
from router.types import ScoredFact, Scores

SMALL_TALK_SURE = 0.8
"""What thanks or a greeting must have of the probability: far more than an answer, for who meant more is left alone."""
_MAX_SENTENCES = 8  # at most this many asking sentences of a long message are scored: the last ones


class Reader:
    """Scores messages with the trained models. Thread-safe; no text of a message is embedded twice."""

    def __init__(
        self,
        encoder: Encoder,
        classifier: Classifier,
        follow_up: FollowUpModel,
        outcomes: OutcomeModel | None,
        courtesies: frozenset[str] = frozenset(),
        small_talk: frozenset[str] = frozenset(),
        *,
        language: Language | None,
    ) -> None:
        """`courtesies` are the ids of facts such as greetings, which no long message is about; `small_talk` those of
        them that are given only where nothing else is said.
        """
        self._parts = (encoder, classifier, follow_up, outcomes, courtesies, small_talk, language)

    def scores(self, message: str, turns: Sequence[str]) -> Scores:
        """The scores of a clean message, given the user's earlier ones, oldest first."""
        return _Reading(*self._parts, vectors={}).scores(message, turns)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Scores one message; `vectors` caches what was embedded so far."""

    encoder: Encoder
    classifier: Classifier
    follow_up: FollowUpModel
    outcomes: OutcomeModel | None
    courtesies: frozenset[str]
    small_talk: frozenset[str]
    language: Language | None
    vectors: dict[str, Vectors]

    def scores(self, message: str, turns: Sequence[str]) -> Scores:
        """Score each question, or the message with its context if it needs one."""
        asked = questions(message, self.language)
        if 1 < len(asked) <= MAX_QUESTIONS:
            return self._several(message, asked, turns)
        alone = self._alone(message)
        earlier = before(message, [clean(turn) for turn in turns[-LOOK_BACK - 1 :]], self.language)
        if not earlier:
            return alone
        together = max((self._one(together_with(text, message)) for text in earlier), key=strength)
        vector = self._vector(message)
        likeness = float(vector @ self._vector(earlier[0]))
        chance = self.follow_up.probability(signs(message, alone, together, likeness, self.language), vector)
        read = replace(together, needs_context=True) if chance >= SURE else alone
        if abs(chance - SURE) < DOUBT:  # both readings must be in scope
            return replace(read, in_scope=min(alone.in_scope, together.in_scope))
        return read

    def _alone(self, message: str) -> Scores:
        if not has_words(message):
            return replace(self._one(message), in_scope=0.0, no_fact=1.0, facts=())
        if len(message.split()) >= LONG_WORDS:
            return self._in_earnest(self._long(message))
        return self._polite(message, self._one(message))

    def _polite(self, message: str, read: Scores) -> Scores:
        """Small talk is answered only where that is sure and nothing else is said; what else is said is read."""
        if not _is_one_of(read, self.small_talk):
            return read
        parts = phrases(message)
        said = [part for part in parts if not _is_one_of(self._one(part), self.small_talk)]
        if said and len(said) < len(parts):
            return self._in_earnest(self._one(" ".join(said)))
        sure = not said and read.facts[0].probability >= SMALL_TALK_SURE
        return read if sure else self._in_earnest(read)

    def _in_earnest(self, read: Scores) -> Scores:
        """The scores of what is no small talk; what that had of the probability is "no fact"."""
        if not _is_one_of(read, self.small_talk):
            return read
        facts = tuple(fact for fact in read.facts if fact.id not in self.small_talk)
        category = facts[0].id.split(".", 1)[0] if facts else read.category
        return replace(read, category=category, facts=facts, no_fact=1 - sum(fact.probability for fact in facts))

    def _several(self, message: str, asked: Sequence[str], turns: Sequence[str]) -> Scores:
        """The message is as in scope as its least likely question. Each question is scored with those before it as
        earlier turns. The best fact of each comes first, in the order of asking; a fact that answers two has the lower
        of its probabilities.
        """
        parts = [self.scores(question, (*turns, *asked[:number])) for number, question in enumerate(asked)]
        best = [fact for part in parts for fact in part.facts[:1]]
        facts = {fact.id: fact for fact in self._one(message).facts}
        facts |= {fact.id: fact for fact in sorted(best, key=lambda fact: -fact.probability)}
        order = dict.fromkeys((*(fact.id for fact in best), *facts))
        return replace(
            min(parts, key=lambda part: part.in_scope),
            facts=tuple(facts[name] for name in order)[:FACTS_SHOWN],
            needs_context=parts[0].needs_context,
            asked=len({fact.id for fact in best}) or 1,
        )

    def _long(self, message: str) -> Scores:
        """Scope comes from the surest asking sentence that is no courtesy, or from all of the customer's own words if
        there is none. Facts are averaged over that, the customer's own words and the whole message.
        """
        text = own_words(message, self.language)
        own = self._one(text)
        asked = [self._one(sentence) for sentence in asking(text, self.language)[-_MAX_SENTENCES:]]
        best = max((one for one in asked if not _is_one_of(one, self.courtesies)), key=strength, default=own)
        readings = (best, own, self._one(message))
        return replace(best, facts=_averaged(readings), no_fact=sum(r.no_fact for r in readings) / len(readings))

    def _one(self, text: str) -> Scores:
        vector = self._vector(text)
        scores = self.classifier.scores(text, vector)
        return replace(scores, answers_well=self.outcomes.answers_well(scores, vector)) if self.outcomes else scores

    def _vector(self, text: str) -> Vectors:
        if text not in self.vectors:
            self.vectors[text] = self.encoder.encode_one(text)
        return self.vectors[text]


def _is_one_of(scores: Scores, facts: frozenset[str]) -> bool:
    """Whether the likeliest fact is one of these."""
    return bool(scores.facts) and scores.facts[0].id in facts


def _averaged(readings: Sequence[Scores]) -> tuple[ScoredFact, ...]:
    """The facts by their mean probability, best first; where the scores do not list a fact, it counts 0."""
    found = {fact.id: fact for scores in readings for fact in scores.facts}
    means = {
        name: sum(fact.probability for scores in readings for fact in scores.facts if fact.id == name) / len(readings)
        for name in found
    }
    best = sorted(means, key=lambda name: -means[name])[:FACTS_SHOWN]
    return tuple(replace(found[name], probability=means[name]) for name in best)
