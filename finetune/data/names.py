"""Names that their bearers introduce: "my name is …", "… speaking"."""

import re
from collections.abc import Iterable, Iterator

_INTRODUCTION = re.compile(
    r"\b(?:my (?:full |first |last |sur)?name(?:['’]s| is)(?: actually| really)?|i(?:['’]m| am) called|"
    r"(?P<spoken>this is|it['’]s))[\s:\"'“”„‘’‚«»‹›(*_-]{1,6}",
    re.IGNORECASE,
)
_SPEAKING = re.compile(r"[^\w.!?\n]{1,4}speaking\b", re.IGNORECASE)
_WORD = r"[^\W\d_][\w'’.-]*"
_WORDS = re.compile(rf"{_WORD}(?: {{1,2}}{_WORD}){{0,9}}")
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)+")
_NEVER = re.compile(r"(?:i|speaking)\b", re.IGNORECASE)
_SMALL_WORDS = 3
_TITLES = frozenset({"mr", "mrs", "ms", "mx", "dr", "prof", "miss", "sir"})
_PARTICLES = frozenset(
    re.findall(r"\w+", "af al av bin da das de del della den der di do dos du el ibn la le ten ter van von y zu")
)
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        "a about actually again all already also an and are as at be because been but by called can changed clearly "
        "correct could did different do does for from gone had has have here how in incorrect is it just listed me "
        "missing misspelled misspelt my never no not now of off ok on only or our out please printed quite really "
        "right shown so spelled spelt still that the their there they this to too under very was we what "
        "when where which who why will with would wrong written you your",
    )
)  # what follows "my name is" in "my name is spelt wrong on the parcel"


def introduced(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each name: its words up to the first that is none."""
    for introduction in _INTRODUCTION.finditer(text):
        start = introduction.end()
        words = _WORDS.match(text, start)
        end = start + _end(words[0], shouted=introduction[0].isupper()) if words else start
        if end > start and (not introduction["spoken"] or _SPEAKING.match(text, end)):
            yield start, end


def repeated(text: str, names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Start and end of each of the names, and of the single words of one where they have a capital.

    Case does not matter to a name as a whole, unless it is a word such as "will". What stands in brackets is a mask.
    """
    whole = {name for name in names if len(name) > 1}
    words = {word for name in whole for word in re.findall(r"[^\W\d_][\w'’-]+", name)}
    spelt = whole | {word for word in words if word.lower() not in _TITLES | _PARTICLES}
    either = "|".join(map(re.escape, sorted(spelt, key=len, reverse=True)))
    small = {name.lower() for name in whole} - _NO_NAMES
    for found in re.finditer(rf"(?<![\w\[])(?:{either})(?![\w\]])", text, re.IGNORECASE) if either else ():
        if _has_capital(found[0]) or found[0].lower() in small:
            yield found.span()


def _end(words: str, *, shouted: bool) -> int:
    """Where the name ends that the words begin with, 0 if they begin with none.

    A capital goes on after any word, a small letter not after a capital: "my name is Ann waiting". Where all is
    `shouted` a capital is as good as a small letter. Titles and particles end no name, and initials no sentence.
    """
    end, small, large = 0, 0, False
    for word in re.finditer(_WORD, words):
        bare = word[0].rstrip(".'’-")
        if bare.casefold() in _TITLES or (end and bare in _PARTICLES):
            continue
        if _INITIALS.fullmatch(word[0]):
            end = word.start() + len(bare)
            continue
        before, large = large, _has_capital(bare) and not shouted
        small += not large
        if _NEVER.match(bare) or (not large and (before or small > _SMALL_WORDS or bare.casefold() in _NO_NAMES)):
            break
        end = word.start() + len(bare)
        if bare != word[0]:
            break
    return end


def _has_capital(text: str) -> bool:
    return text != text.lower()
