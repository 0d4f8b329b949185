"""What a customer states, found by rule and kept word for word: a small model cannot be trusted with it.

An e-mail address, a telephone number, an order's code and a date as ISO 8601 has it are found in any language; what is
said in words, names among it, where the language has rules.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from chatapp.context.budget import shorten
from language import Language
from language.contacts import emails, telephones
from language.protocol import Introduction

LONGEST_CHARS = 160
LONGEST_NAME_CHARS = 40

IDENTITY = frozenset({"e-mail", "phone", "order", "home"})
"""Kinds that leave a full summary after all others."""

_SINGLE = frozenset({"e-mail", "phone", "home"})
_VALUES = IDENTITY | {"size", "date"}
_CODES = {
    "order": re.compile(r"\b[A-Z]{1,4}-?\d{3,}\b|#\d{3,}|(?<![\w+-])[1-9]\d{7,}(?![\w-])"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
}
_ALWAYS_KEPT = IDENTITY - {"home"}
"""Kept out of questions too: "Where is order TT-48213?" states the number."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\s*\n\s*")


@lru_cache(maxsize=2048)
def name_in(text: str, language: Language | None) -> str:
    """The name that the customer gives as their own, the last if several; empty if none."""
    found = [sentence[own.start : own.end] for sentence, own in _names(text, language)]
    return shorten(found[-1].rstrip("'’-"), LONGEST_NAME_CHARS) if found else ""


@lru_cache(maxsize=2048)
def statements_in(text: str, language: Language | None) -> tuple[str, ...]:
    """Sentences of the message that state something of the customer, in order, each on one line."""
    return tuple(shorten(line, LONGEST_CHARS) for line in _stating(text, language))


def kinds(line: str, language: Language | None) -> frozenset[str]:
    """What a statement is about: e-mail, phone, order or date by its form, and the kinds that the language knows."""
    straight = line.replace("’", "'")
    worded = language.statements.kinds if language else {}
    found = {kind for rules in (_CODES, worded) for kind, pattern in rules.items() if pattern.search(straight)}
    found |= {"e-mail"} if emails(straight) else set()
    return frozenset(found | ({"phone"} if telephones(straight) else set()))


def supersedes(new: str, old: str, language: Language | None) -> bool:
    """Whether `old` goes when `new` is said: the same words, or a new value of what one has once."""
    ours, theirs = kinds(new, language), kinds(old, language)
    return _plain(new) == _plain(old) or (bool(theirs & _SINGLE) and theirs <= ours)


def corrects(new: str, old: str, language: Language | None) -> bool:
    """Whether `new` takes something back, and `old` is what it may mean: all that `old` gives a value to."""
    valued = kinds(old, language) & _VALUES
    takes_back = language is not None and language.statements.corrects.search(new)
    return bool(takes_back) and bool(valued) and valued <= kinds(new, language)


def topic_of(text: str) -> str:
    """The first question of a message, or its first sentence, in at most 60 characters on one line."""
    sentences = list(_sentences(text)) or [""]
    return shorten(next((each for each in sentences if each.endswith("?")), sentences[0]), 60)


def _names(text: str, language: Language | None) -> Iterator[tuple[str, Introduction]]:
    for sentence in _sentences(text) if language else ():
        own = language.own_name(sentence) if language else None
        if own:
            yield sentence, own


def _stating(text: str, language: Language | None) -> Iterator[str]:
    names = dict(_names(text, language))
    for sentence in _sentences(text):
        own = names.get(sentence)
        rest = sentence[: own.begin] + sentence[own.end :] if own else sentence
        about = kinds(rest, language)
        if about & _ALWAYS_KEPT or (about and not sentence.endswith("?")):
            yield sentence


def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE_END.split(text):
        line = " ".join(part.split())
        if line:
            yield line


def _plain(line: str) -> str:
    return re.sub(r"\W+", " ", line).casefold().strip()
