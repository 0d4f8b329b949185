"""Messages that need the one before as context: "and to Canada?", "the blue one".

Each message is scored twice, by itself and together with the one before. A logistic regression over both scores, a few
features of the words and the message's vector gives the probability that it needs context. It is fitted on the pack's
`dialogues.jsonl`. Packs without one use the weights of the shipped pack; where their language has no rules, no message
is taken to need context.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from language.protocol import FollowUpWords, Language
from router.arrays import Floats, Vectors
from router.types import OUT_OF_SCOPE_LABEL, Scores

MAX_WORDS = 20  # a longer message is clear by itself
SURE = 0.5  # from this probability on, the scores with context count
DOUBT = 0.2  # within this distance of SURE, both must be in scope
FRAGMENT_WORDS = 4
LOOK_BACK = 4  # turns to go back in search of one that is not small talk


_WORD = re.compile(r"[\w'’-]+")
_NO_WORDS = FollowUpWords()


SIGNS = (
    "words",
    "at most two words",
    "at most four words",
    "opens with a connective",
    "points back",
    "bare phrase",
    "has a pronoun",
    "share of function words",
    "in scope, alone",
    "in scope, together",
    "no fact, alone",
    "no fact, together",
    "best fact, alone",
    "best fact, together",
    "likeness to the message before",
    "same category either way",
    "same fact either way",
    "nearest out-of-scope message, alone",
    "nearest known message, alone",
)


@dataclass(frozen=True, slots=True)
class FollowUpModel:
    """Logistic regression over two inputs: the features of `signs`, standardised by `mean` and `scale`, with `weights`,
    all (19,); and the message's unit vector, with the weights `wording` (d,), empty where these were not learnt.
    """

    mean: Floats
    scale: Floats
    weights: Floats
    wording: Floats
    bias: Floats

    def probability(self, signs: Floats, vector: Vectors) -> float:
        """P(a message with these features and this vector (d,) needs the one before)."""
        total = (signs - self.mean) / self.scale @ self.weights + self.bias[0]
        if len(self.wording):
            total += vector @ self.wording
        return float(1 / (1 + np.exp(-total)))


def _numbers(text: str) -> Floats:
    return np.array([float(number) for number in text.split()])


DEFAULT = FollowUpModel(  # fitted on a first 120 dialogues of packs/support, without their wordings
    mean=_numbers(
        "9.666 0.03136 0.1307 0.05575 0.2544 0.005226 0.4338 0.3311 3.801 3.771 -1.485 -1.564 0.9363 1.081 "
        "0.1205 0.7247 0.4233 0.05016 0.7655"
    ),
    scale=_numbers(
        "4.346 0.1743 0.337 0.2294 0.4355 0.07211 0.4956 0.1525 3.17 2.315 3.013 2.249 3.581 2.552 "
        "0.1506 0.4466 0.4941 0.1651 0.3005"
    ),
    weights=_numbers(
        "-2.512 -0.09906 -0.03019 0.1928 -0.00571 0.2779 0.8386 -0.006334 1.566 -0.3074 0.6694 -0.7248 -0.2586 "
        "-0.7039 0.3732 0.03572 -0.09362 -1.888 -3.094"
    ),
    wording=np.zeros(0),
    bias=_numbers("-2.56"),
)


NEVER = FollowUpModel(  # for a language without rules: every message is read by itself
    mean=np.zeros(len(SIGNS)),
    scale=np.ones(len(SIGNS)),
    weights=np.zeros(len(SIGNS)),
    wording=np.zeros(0),
    bias=_numbers("-40"),
)


def unlearnt(language: Language | None) -> FollowUpModel:
    """The model for a pack with too few dialogues to learn from."""
    return DEFAULT if language else NEVER


def before(message: str, turns: Sequence[str], language: Language | None) -> tuple[str, ...]:
    """The earlier texts that may be the context of `message`, given `turns`, oldest first.

    These are the last turn that is not small talk and, if that one looks like a follow-up itself, the last that does
    not. Empty when there is none, or when the message is small talk or too long to need context.
    """
    words, known = _words(message), _known(language)
    if not words or len(words) > MAX_WORDS or _small_talk(words, known):
        return ()
    recent = [turn for turn in list(turns)[: -LOOK_BACK - 1 : -1] if not _small_talk(_words(turn), known)]
    anchor = next((turn for turn in recent if not _fragment(_words(turn), known)), None)
    return tuple(dict.fromkeys(turn for turn in (*recent[:1], anchor) if turn is not None))


def together_with(earlier: str, message: str) -> str:
    """The text that is scored for a message with its context."""
    return f"{earlier} {message}"


def strength(scores: Scores) -> float:
    """P(in scope) x P(best fact): how likely these scores are to lead to a local answer."""
    return scores.in_scope * (scores.facts[0].probability if scores.facts else 0.0)


def signs(message: str, alone: Scores, together: Scores, likeness: float, language: Language | None) -> Floats:
    """The features (19,) that `SIGNS` names; `likeness` is the cosine of the message with the one before."""
    words, known = _words(message), _known(language)
    return np.array(
        [
            len(words),
            len(words) <= 2,
            len(words) <= FRAGMENT_WORDS,
            _connects(words, known),
            _points(words, known),
            _bare_phrase(words, known),
            not known.pointers.isdisjoint(words),
            sum(word in known.function for word in words) / max(1, len(words)),
            *(_logit(value) for value in _strengths(alone, together)),
            likeness,
            alone.category == together.category,
            _best(alone) == _best(together),
            *_nearest(alone),
        ],
        dtype=np.float64,
    )


def _strengths(alone: Scores, together: Scores) -> tuple[float, ...]:
    best = (scores.facts[0].probability if scores.facts else 0.0 for scores in (alone, together))
    return (alone.in_scope, together.in_scope, alone.no_fact, together.no_fact, *best)


def _nearest(scores: Scores) -> tuple[float, float]:
    """The cosine of the nearest example: first if that is out of scope, second if it is in scope; the other is 0."""
    if not scores.neighbours:
        return 0.0, 0.0
    nearest = scores.neighbours[0]
    return (nearest.similarity, 0.0) if nearest.label == OUT_OF_SCOPE_LABEL else (0.0, nearest.similarity)


def _best(scores: Scores) -> str:
    return scores.facts[0].id if scores.facts else ""


def _logit(probability: float) -> float:
    return float(np.log((probability + 1e-3) / (1 - probability + 1e-3)))


def _words(message: str) -> list[str]:
    return _WORD.findall(message.lower())


def _known(language: Language | None) -> FollowUpWords:
    return language.follow_up if language else _NO_WORDS


def _small_talk(words: list[str], known: FollowUpWords) -> bool:
    return all(word in known.small_talk for word in words)


def _connects(words: list[str], known: FollowUpWords) -> bool:
    return bool(words) and (words[0] in known.connectives or " ".join(words).startswith(known.openers))


def _points(words: list[str], known: FollowUpWords) -> bool:
    """Opens like a question or a noun phrase, and points back: "how long does it take", "the blue one"."""
    return bool(words) and words[0] in known.function | known.pointers and not known.pointers.isdisjoint(words)


def _fragment(words: list[str], known: FollowUpWords) -> bool:
    return len(words) <= FRAGMENT_WORDS or _connects(words, known) or (len(words) <= 8 and _points(words, known))


def _bare_phrase(words: list[str], known: FollowUpWords) -> bool:
    """No clause at all: "to Canada?", "with express", "in the store"."""
    starts = 0 < len(words) <= FRAGMENT_WORDS and words[0] in known.phrase_starts
    return starts and len(set(words) - known.function) <= 1
