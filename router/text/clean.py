"""Normalise a message for the encoder."""

import re
import unicodedata

MAX_CHARS = 8_000  # of a longer message, only its beginning and its end are kept
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>")


def clean(text: str) -> str:
    """NFKC, without markup tags, control and format characters or emoji; line breaks stay, other spaces are
    single.

    - At most about `MAX_CHARS` characters; of a longer text its beginning and its end.
    - Words of ordinary text are never changed.
    """
    ends = text if len(text) <= MAX_CHARS else f"{text[: MAX_CHARS // 2]}\n{text[-MAX_CHARS // 2 :]}"
    plain = ends.isascii() and ends.isprintable()  # as most messages are: nothing to look at one by one
    readable = ends if plain else "".join(map(_readable, unicodedata.normalize("NFKC", ends)))
    lines = (" ".join(line.split()) for line in _TAG.sub(" ", readable).split("\n"))
    return "\n".join(line for line in lines if line)


def has_words(text: str) -> bool:
    """Whether the text has at least one letter or digit."""
    return any(char.isalnum() for char in text)


def _readable(char: str) -> str:
    if char == "\n":
        return char
    category = unicodedata.category(char)
    if category == "Cf":  # joiners and marks of direction stand inside words
        return ""
    return " " if category[0] == "C" or category == "So" else char
