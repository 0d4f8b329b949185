"""What a customer states, found by rule and kept word for word: a small model cannot be trusted with it."""

import re
from collections.abc import Iterator
from functools import lru_cache

from chatapp.context.budget import shorten

LONGEST_CHARS = 160
LONGEST_NAME_CHARS = 40

IDENTITY = frozenset({"e-mail", "phone", "order", "home"})
"""Kinds that leave a full summary after all others."""

_SINGLE = frozenset({"e-mail", "phone", "home"})
_VALUES = IDENTITY | {"size", "date"}
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_VERB = (
    r"prefer|have|had|want|need|like|love|own|use|bought|ordered|received|returned|paid|wear|plan|hate|lost|"
    r"would like|would rather|am|was|don't|do not|can't|cannot|didn't|did not|never|always|weigh|measure"
)
_KINDS = {
    "e-mail": re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]*\w"),
    "phone": re.compile(r"(?<![\w-])(?!\d{4}-\d\d-\d\d)\+?\d[\d ()/-]{6,}\d(?![\w-])"),
    "order": re.compile(r"\b[A-Z]{1,4}-?\d{3,}\b|(?i:\border\b[^\d.!?]{0,20}#?\d{3,})|#\d{3,}"),
    "home": re.compile(r"(?i)\b(?:I live|I'm (?:in|from|based)|I am (?:in|from|based)|my address)\b"),
    "size": re.compile(r"(?i)\bsizes?\s+\w+|\b(?:EU|UK|US)\s?\d{1,2}\b"),
    "date": re.compile(
        rf"(?i)\b(?:\d{{1,2}}\.? )?{_MONTH} \d{{1,2}}|\b\d{{1,2}}\.? {_MONTH}\b|\b{_DAY}\b|\d{{4}}-\d\d-\d\d"
    ),
    "wish": re.compile(rf"(?i)\b(?:I|we)(?:'ve|'d| (?:{_VERB}))\b|\b(?:I'm|we're)\b"),
    "own": re.compile(r"(?i)\b(?:my|our) [\w' -]{1,40}\b(?:is|are|was|has|have)\b"),
    "product": re.compile(r"(?<=[a-z,] )[A-Z]\w+ (?:-?\d+|[A-Z]\w+)"),
}
_ALWAYS_KEPT = IDENTITY - {"home"}
"""Kept out of questions too: "Where is order TT-48213?" states the number."""

_CORRECTION = re.compile(r"(?i)^(?:no\b|actually\b|sorry\b|correction\b|I meant\b|wait\b|oh\b)|\bnot\b.*\bbut\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\s*\n\s*")

_WORD = r"[^\W\d_][\w'’-]*"
_PART = r"(?:[^\W\d_a-z][\w'’-]*|van|von|de|der|den|la|del|di|bin|al)"
_TOLD = re.compile(
    rf"(?i:\bmy (?:full |first )?name(?:'s|’s| is)(?: actually| really)?|\b(?:I'm|I’m|I am) called)\s+"
    rf"(?P<name>{_WORD}(?:\s+{_PART}){{0,3}})"
)
_INTRODUCED = re.compile(
    rf"(?:(?i:^(?:(?:hi|hello|hey|good \w+)(?: there)?[,.! ]+)?(?:I'm|I’m|I am|this is)|\bcall me))\s+"
    rf"(?P<name>[A-Z][\w'’-]+(?:\s+{_PART}){{0,3}})"
    r"(?=\s*(?:[,.!;]|$|and\b|from\b|here\b|by the way\b|please\b|again\b))"
)
_WORDS_AFTER_IS = """
    a all also already an at back being but correct different french german dutch english british
    spanish italian american canadian irish scottish welsh danish swedish norwegian swiss austrian
    polish czech greek turkish european here if important in incorrect missing misspelled misspelt
    monday tuesday wednesday thursday friday saturday sunday sir miss no not now of ok okay on only
    please ready right so sorry spelled spelt sure that the there tomorrow today too unknown when wrong
    very written
"""
_NO_NAME = frozenset(_WORDS_AFTER_IS.split())


@lru_cache(maxsize=2048)
def name_in(text: str) -> str:
    """The name that the customer gives as their own, the last if several; empty if none."""
    name = ""
    for sentence in _sentences(text):
        found = _name_match(sentence)
        name = found["name"].rstrip("'’-") if found else name
    return shorten(name, LONGEST_NAME_CHARS)


@lru_cache(maxsize=2048)
def statements_in(text: str) -> tuple[str, ...]:
    """Sentences of the message that state something of the customer, in order, each on one line."""
    return tuple(shorten(line, LONGEST_CHARS) for line in _stating(text))


def kinds(line: str) -> frozenset[str]:
    """What a statement is about: keys of the rules above."""
    straight = line.replace("’", "'")
    return frozenset(kind for kind, pattern in _KINDS.items() if pattern.search(straight))


def supersedes(new: str, old: str) -> bool:
    """Whether `old` goes when `new` is said: the same words, or a new value of what one has once."""
    ours, theirs = kinds(new), kinds(old)
    return _plain(new) == _plain(old) or (bool(theirs & _SINGLE) and theirs <= ours)


def corrects(new: str, old: str) -> bool:
    """Whether `new` takes something back, and `old` is what it may mean: all that `old` gives a value to."""
    valued = kinds(old) & _VALUES
    return bool(_CORRECTION.search(new)) and bool(valued) and valued <= kinds(new)


def topic_of(text: str) -> str:
    """The first question of a message, or its first sentence, in at most 60 characters on one line."""
    sentences = list(_sentences(text)) or [""]
    return shorten(next((each for each in sentences if each.endswith("?")), sentences[0]), 60)


def _stating(text: str) -> Iterator[str]:
    for sentence in _sentences(text):
        found = _name_match(sentence)
        rest = sentence.replace(found[0], "") if found else sentence
        about = kinds(rest)
        if about & _ALWAYS_KEPT or (about and not sentence.endswith("?")):
            yield sentence


def _name_match(sentence: str) -> re.Match[str] | None:
    found = _TOLD.search(sentence) or _INTRODUCED.search(sentence)
    return found if found and found["name"].split()[0].casefold() not in _NO_NAME else None


def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE_END.split(text):
        line = " ".join(part.split())
        if line:
            yield line


def _plain(line: str) -> str:
    return re.sub(r"\W+", " ", line).casefold().strip()
