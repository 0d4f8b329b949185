"""Names that their bearers introduce: "my name is …", "… speaking"."""

import re
from collections.abc import Iterator

_WORD = r"[^\W\d_][\w'’.-]*"
_INTRODUCTION = re.compile(
    r"\b(?:(?:my (?:full |first |last |sur)?name(?:['’]s| is)|i(?:['’]m| am) called)[ :]{1,3}|"
    r"(?:this is|it['’]s) {1,3}(?=\S{1,40}(?: \S{1,40})?,? speaking\b))",
    re.IGNORECASE,
)
_NAME = re.compile(rf"{_WORD}(?: {_WORD}){{0,2}}")
_NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        "a about actually again all already also an and are as at be because been but by called can changed clearly "
        "correct could did different do does for from gone had has have here how i in incorrect is it just listed me "
        "missing misspelled misspelt my never no not now of off ok on only or our out please printed quite really "
        "right shown so speaking spelled spelt still that the their there they this to too under very was we what "
        "when where which who why will with would wrong written you your",
    )
)  # what follows "my name is" in "my name is spelt wrong on the parcel"


def introduced(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each name: up to three words, up to the first that is no name."""
    for introduction in _INTRODUCTION.finditer(text):
        found = _NAME.match(text, introduction.end())
        end = _end(found) if found else 0
        if end > introduction.end():
            yield introduction.end(), end


def _end(found: re.Match[str]) -> int:
    """A capital goes on after a capital, a small letter after a small one: "my name is Ann and …", "… is ann lee"."""
    end, large = found.start(), found[0][0].isupper()
    for word in re.finditer(_WORD, found[0]):
        bare = word[0].rstrip(".'’-")
        if bare.casefold() in _TITLES:
            continue
        if bare.casefold() in _NO_NAMES or (bare[0].isupper() != large and end > found.start()):
            break
        end = found.start() + word.start() + len(bare)
        if bare != word[0]:
            break
    return end


_TITLES = frozenset({"mr", "mrs", "ms", "dr", "miss"})
