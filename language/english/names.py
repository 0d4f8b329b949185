"""Names that their bearers introduce: "my name is …", "… speaking".

Two needs, one way to read a name. What is masked may be a word too long; what somebody is called by must be right.
"""

import re
from collections.abc import Iterable, Iterator

from language.english.numbers import DAYS
from language.english.words import words
from language.protocol import Introduction

_IS = r"name(?:['’]s| is)(?: actually| really)?|\bi(?:['’]m| am) called"
_INTRODUCTION = re.compile(
    rf"\b(?:my (?:full |first |last |sur)?{_IS}|(?P<spoken>this is|it['’]s))[\s:\"'“”„‘’‚«»‹›(*_-]{{1,6}}",
    re.IGNORECASE,
)
_SPEAKING = re.compile(r"[^\w.!?\n]{1,4}speaking\b", re.IGNORECASE)

_TOLD = re.compile(rf"(?:\bmy (?:full |first )?{_IS})[\s:\"'“”„‘’(*_-]{{1,6}}", re.IGNORECASE)
_GREETED = re.compile(
    r"(?:^(?:(?:hi|hello|hey|good \w+)(?: there)?[,.! ]+)?(?:I['’]m|I am|this is)|\bcall me)\s+", re.IGNORECASE
)
_GREETING_ENDS = re.compile(r"\s*(?:[,.!;]|$|and\b|from\b|here\b|by the way\b|please\b|again\b)")

_WORD = r"[^\W\d_][\w'’.-]*"
_WORDS = re.compile(rf"{_WORD}(?: {{1,2}}{_WORD}){{0,9}}")
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)+")
_NEVER = re.compile(r"(?:i|speaking)\b", re.IGNORECASE)
_MASKED_SMALL_WORDS = 3
"""So many words with a small letter may be a name that is masked."""

_TITLES = words("mr mrs ms mx dr prof miss sir")
_PARTICLES = words("af al av bin da das de del della den der di do dos du el ibn la le ten ter van von y zu")
# What follows "my name is" in "my name is spelt wrong on the parcel".
_NO_NAMES = words(
    "a about actually again all already also an and are as at be because been but by called can changed clearly "
    "correct could did different do does for from gone had has have here how in incorrect is it just listed me "
    "missing misspelled misspelt my never no not now of off ok on only or our out please printed quite really "
    "right shown so spelled spelt still that the their there they this to too under very was we what "
    "when where which who why will with would wrong written you your"
)
# What somebody is not called by, with a capital either: "I'm German", "call me Monday".
_NOBODY = words(
    "a all also already an at back being but correct different french german dutch english british "
    "spanish italian american canadian irish scottish welsh danish swedish norwegian swiss austrian "
    "polish czech greek turkish european here if important in incorrect missing misspelled misspelt "
    "no not now of ok okay on only please ready right so sorry spelled spelt sure that the there tomorrow today too "
    "unknown when wrong very written"
).union(DAYS)


def introduced(text: str) -> Iterator[Introduction]:
    """Each name: its words up to the first that is none."""
    for found in _INTRODUCTION.finditer(text):
        name = _name(text, found, _MASKED_SMALL_WORDS)
        if name and (not found["spoken"] or _SPEAKING.match(text, name.end)):
            yield name


def own_name(sentence: str) -> Introduction | None:
    """The name after "my name is", or the one with a capital after "Hi, I'm" or "call me" that ends there."""
    told = _TOLD.search(sentence)
    if told:
        return _called(sentence, _name(sentence, told, small_words=1))
    for greeted in _GREETED.finditer(sentence):
        name = _name(sentence, greeted, small_words=0)
        if name and _GREETING_ENDS.match(sentence, name.end):
            return _called(sentence, name)
    return None


def repeated(text: str, names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Start and end of each of the names, and of the single words of one where they have a capital.

    Case does not matter to a name as a whole, unless it is a word such as "will". What stands in brackets is a mask.
    """
    whole = {name for name in names if len(name) > 1}
    parts = {word for name in whole for word in re.findall(r"[^\W\d_][\w'’-]+", name)}
    spelt = whole | {word for word in parts if word.lower() not in _TITLES | _PARTICLES}
    either = "|".join(map(re.escape, sorted(spelt, key=len, reverse=True)))
    small = {name.lower() for name in whole} - _NO_NAMES
    for found in re.finditer(rf"(?<![\w\[])(?:{either})(?![\w\]])", text, re.IGNORECASE) if either else ():
        if _has_capital(found[0]) or found[0].lower() in small:
            yield found.span()


def _name(text: str, introduction: re.Match[str], small_words: int) -> Introduction | None:
    start = introduction.end()
    found = _WORDS.match(text, start)
    end = _end(found[0], small_words, shouted=introduction[0].isupper()) if found else 0
    return Introduction(introduction.start(), start, start + end) if end else None


def _called(sentence: str, name: Introduction | None) -> Introduction | None:
    """The name, if its first word is one that somebody may be called by, and no initial alone."""
    written = sentence[name.start : name.end] if name else ""
    first = re.match(r"[\w'’-]+", written)
    initials = not re.search(r"[^\W\d_]{2}", written)
    return None if initials or (first and first[0].casefold() in _NOBODY) else name


def _end(written: str, small_words: int, *, shouted: bool) -> int:
    """Where the name ends that the words begin with, 0 if they begin with none.

    A capital goes on after any word, a small letter not after a capital: "my name is Ann waiting". Where all is
    `shouted` a capital is as good as a small letter. Titles and particles end no name, and initials no sentence.
    """
    end, small, large = 0, 0, False
    for word in re.finditer(_WORD, written):
        bare = word[0].rstrip(".'’-")
        if bare.casefold() in _TITLES or (end and bare in _PARTICLES):
            continue
        if _INITIALS.fullmatch(word[0]):
            end = word.start() + len(bare)
            continue
        before, large = large, _has_capital(bare) and not shouted
        small += not large
        if _NEVER.match(bare) or (not large and (before or small > small_words or bare.casefold() in _NO_NAMES)):
            break
        end = word.start() + len(bare)
        if bare != word[0]:
            break
    return end


def _has_capital(text: str) -> bool:
    return text != text.lower()
