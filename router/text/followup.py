"""Messages that need the one before as context: "and to Canada?", "the blue one".

Each message is read by itself and together with the one before; a logistic regression on what the two readings say, on
a few signs in the words and on the message's vector gives the chance that it needs context. It is fitted on the pack's
`dialogues.jsonl`; packs without one use the weights of the shipped pack, or none where their language has no rules.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from language.protocol import FollowUpWords, Language
from router.arrays import Floats, Vectors
from router.types import OUT_OF_SCOPE_LABEL, Scores

MAX_WORDS = 20  # a longer message says itself what it is about
SURE = 0.5  # chance of needing context from which the reading together counts
DOUBT = 0.2  # nearer to that, it is not known which reading counts
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
    """Logistic regression over `signs`, less `mean`, by `scale`, with `weights`, all (19,), and over the message's unit
    vector with the weights `wording` (d,), which is empty (0,) where wordings were not learnt.
    """

    mean: Floats
    scale: Floats
    weights: Floats
    wording: Floats
    bias: Floats

    def probability(self, signs: Floats, vector: Vectors) -> float:
        """The chance that a message with these signs and this vector (d,) needs the one before."""
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
    """What tells follow-ups where too few dialogues are there to learn from."""
    return DEFAULT if language else NEVER


def before(message: str, turns: Sequence[str], language: Language | None) -> tuple[str, ...]:
    """The texts that `message` may have to be read with: of `turns`, oldest first, the last that is no small
    talk; and where that one needs context itself by its words, the last that does not.

    Empty when there is none, or when the message is small talk or too long to need any.
    """
    words, known = _words(message), _known(language)
    if not words or len(words) > MAX_WORDS or _small_talk(words, known):
        return ()
    recent = [turn for turn in list(turns)[: -LOOK_BACK - 1 : -1] if not _small_talk(_words(turn), known)]
    anchor = next((turn for turn in recent if not _fragment(_words(turn), known)), None)
    return tuple(dict.fromkeys(turn for turn in (*recent[:1], anchor) if turn is not None))


def together_with(earlier: str, message: str) -> str:
    """The text to read when a message needs context."""
    return f"{earlier} {message}"


def strength(scores: Scores) -> float:
    """How sure a reading is to be answered: in scope, and by its best fact."""
    return scores.in_scope * (scores.facts[0].probability if scores.facts else 0.0)


def signs(message: str, alone: Scores, together: Scores, likeness: float, language: Language | None) -> Floats:
    """(19,), as `SIGNS` names them; `likeness` is the cosine of the message with the one before."""
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
    """The likeness of the nearest example, as an out-of-scope message or as a known one; the other is 0."""
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
