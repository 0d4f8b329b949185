"""Messages that lean on the one before: "and to Canada?", "the blue one".

Decided from the words alone, without a model. A message that leans is read together with the last one that
stood by itself; which reading counts is decided by `leads`.
"""

import re
from collections.abc import Sequence

from router.types import Scores

MAX_WORDS = 8
FRAGMENT_WORDS = 4
LOOK_BACK = 4  # turns to go back in search of one that stands by itself


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


def anchor(message: str, turns: Sequence[str]) -> str | None:
    """The earlier message to read `message` with, or None when it stands alone.

    `turns` are the user's earlier messages, oldest first. Small talk among them is passed over; so is a
    message that leans itself, so that a chain of follow-ups is read with what it is all about.
    """
    if not leans(message):
        return None
    recent = [turn for turn in list(turns)[: -LOOK_BACK - 1 : -1] if not _small_talk(_words(turn))]
    return next((turn for turn in recent if not leans(turn)), recent[-1] if recent else None)


def leans(message: str) -> bool:
    """Whether the words ask to be read with the message before."""
    words = _words(message)
    if not words or len(words) > MAX_WORDS or _small_talk(words):
        return False
    return _connects(words) or _points(words) or _bare_phrase(words)


def leads(message: str, alone: Scores, together: Scores) -> bool:
    """Whether the reading together with the earlier message counts.

    A fragment that opens with a connective cannot mean anything by itself, so it is always read together; any
    other leaning message is read in the way that the classifier is surer to answer.
    """
    words = _words(message)
    if _connects(words) and len(words) <= FRAGMENT_WORDS:
        return True
    return _strength(together) > _strength(alone)


def _words(message: str) -> list[str]:
    return _WORD.findall(message.lower())


def _small_talk(words: list[str]) -> bool:
    return all(word in _SMALL_TALK for word in words)


def _connects(words: list[str]) -> bool:
    return words[0] in _CONNECTIVES or " ".join(words).startswith(_OPENERS)


def _points(words: list[str]) -> bool:
    """Opens like a question or a noun phrase, and points back: "how long does it take", "the blue one"."""
    return words[0] in _FUNCTION | _POINTERS and not _POINTERS.isdisjoint(words)


def _bare_phrase(words: list[str]) -> bool:
    """No clause at all: "to Canada?", "with express", "in the store"."""
    return len(words) <= FRAGMENT_WORDS and words[0] in _PHRASE_STARTS and len(set(words) - _FUNCTION) <= 1


def _strength(scores: Scores) -> float:
    return scores.in_scope * (1 - scores.no_fact)
