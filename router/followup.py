"""Messages that lean on the one before: "and to Canada?", "the blue one".

Each message is read by itself and together with the one before; a logistic regression on what the two readings say
and on a few signs in the words gives the chance that it leans. It is fitted on the pack's `dialogues.jsonl`; packs
without one use the weights of the shipped pack, whose signs are English.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from router.choice import Floats
from router.types import Scores

MAX_WORDS = 20  # a longer message says itself what it is about
SURE = 0.6  # chance of leaning from which the reading together counts
FRAGMENT_WORDS = 4
LOOK_BACK = 4  # turns to go back in search of one that is not small talk


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CONNECTIVES = _set("and or but also then plus so")
_OPENERS = (
    "what about",
    "how about",
    "what if",
    "same for",
    "not that",
    "no the",
    "no not",
    "no i mean",
    "i mean",
)
_POINTERS = _set("it its that this these those them they one ones there he she")
_FUNCTION = _set(
    "a an the is are was were do does did can could will would should how when where what which who why "
    "in on at to for from with by of if no yes not my your i you we"
)
_PHRASE_STARTS = _set("to for from with without in on at by of the")
_SMALL_TALK = _set(
    "thanks thank thx ty cheers ok okay great good nice cool perfect fine bye goodbye hi hello hey morning "
    "evening afternoon day lol haha wow sorry please welcome super awesome you very much so a the that is "
    "was all for your help it works got i see yes no yep nope sure"
)
_WORD = re.compile(r"[\w'’-]+")


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
)


@dataclass(frozen=True, slots=True)
class Leaning:
    """Logistic regression over `signs`: `weights` (17,) on the signs less `mean`, by `scale`."""

    mean: Floats
    scale: Floats
    weights: Floats
    bias: Floats

    def probability(self, signs: Floats) -> float:
        """The chance that a message with these signs leans on the one before."""
        return float(1 / (1 + np.exp(-((signs - self.mean) / self.scale @ self.weights + self.bias[0]))))


DEFAULT = Leaning(  # fitted on the dialogues of packs/support
    mean=np.array(
        [8.539, 0.05, 0.1821, 0.1143, 0.3, 0.01071, 0.4929, 0.3405, 2.295, 2.802]
        + [-0.6845, -1.319, -0.06379, 0.7585, 0.1451, 0.7571, 0.475]
    ),
    scale=np.array(
        [4.192, 0.2179, 0.386, 0.3182, 0.4583, 0.103, 0.4999, 0.1649, 3.048, 2.969]
        + [2.534, 2.629, 3.109, 3.026, 0.1432, 0.4288, 0.4994]
    ),
    weights=np.array(
        [-2.518, 0.2141, -0.05542, 0.1658, 0.01619, 0.09419, 0.7469, -0.7913, 0.4383, 0.9089]
        + [0.2287, -0.4452, -1.024, -0.6486, 0.03698, -0.06281, -0.6497]
    ),
    bias=np.array([0.2228]),
)


def before(message: str, turns: Sequence[str]) -> str | None:
    """The earlier message that `message` may lean on: of `turns`, oldest first, the last that is no small talk.

    None when there is none, or when the message is small talk or too long to lean.
    """
    words = _words(message)
    if not words or len(words) > MAX_WORDS or _small_talk(words):
        return None
    return next((turn for turn in list(turns)[: -LOOK_BACK - 1 : -1] if not _small_talk(_words(turn))), None)


def together_with(earlier: str, message: str) -> str:
    """The text to read when a message leans."""
    return f"{earlier} {message}"


def signs(message: str, alone: Scores, together: Scores, likeness: float) -> Floats:
    """(17,), as `SIGNS` names them; `likeness` is the cosine of the message with the one before."""
    words = _words(message)
    return np.array(
        [
            len(words),
            len(words) <= 2,
            len(words) <= FRAGMENT_WORDS,
            _connects(words),
            _points(words),
            _bare_phrase(words),
            not _POINTERS.isdisjoint(words),
            sum(word in _FUNCTION for word in words) / max(1, len(words)),
            *(_logit(value) for value in _strengths(alone, together)),
            likeness,
            alone.category == together.category,
            _best(alone) == _best(together),
        ],
        dtype=np.float64,
    )


def _strengths(alone: Scores, together: Scores) -> tuple[float, ...]:
    best = (scores.facts[0].probability if scores.facts else 0.0 for scores in (alone, together))
    return (alone.in_scope, together.in_scope, alone.no_fact, together.no_fact, *best)


def _best(scores: Scores) -> str:
    return scores.facts[0].id if scores.facts else ""


def _logit(probability: float) -> float:
    return float(np.log((probability + 1e-3) / (1 - probability + 1e-3)))


def _words(message: str) -> list[str]:
    return _WORD.findall(message.lower())


def _small_talk(words: list[str]) -> bool:
    return all(word in _SMALL_TALK for word in words)


def _connects(words: list[str]) -> bool:
    return bool(words) and (words[0] in _CONNECTIVES or " ".join(words).startswith(_OPENERS))


def _points(words: list[str]) -> bool:
    """Opens like a question or a noun phrase, and points back: "how long does it take", "the blue one"."""
    return bool(words) and words[0] in _FUNCTION | _POINTERS and not _POINTERS.isdisjoint(words)


def _bare_phrase(words: list[str]) -> bool:
    """No clause at all: "to Canada?", "with express", "in the store"."""
    return 0 < len(words) <= FRAGMENT_WORDS and words[0] in _PHRASE_STARTS and len(set(words) - _FUNCTION) <= 1
