"""A message made fit for the encoder, and the parts of a long one."""

import re
import unicodedata

MAX_CHARS = 8_000  # of a longer message, the two ends are read
LONG_WORDS = 100  # from about here on, one vector for all words drowns the question among them
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
_MIN_PART_WORDS = 3


def clean(text: str) -> str:
    """NFKC, without markup tags, control and format characters or emoji; line breaks stay, other spaces are
    single.

    - At most about `MAX_CHARS` characters; of a longer text its beginning and its end.
    - Words of ordinary text are never changed.
    """
    ends = text if len(text) <= MAX_CHARS else f"{text[: MAX_CHARS // 2]}\n{text[-MAX_CHARS // 2 :]}"
    readable = "".join(_readable(char) for char in unicodedata.normalize("NFKC", ends))
    lines = (" ".join(line.split()) for line in _TAG.sub(" ", readable).split("\n"))
    return "\n".join(line for line in lines if line)


def has_words(text: str) -> bool:
    """Whether there is anything to read: one letter or digit at least."""
    return any(char.isalnum() for char in text)


def views(text: str) -> tuple[str, ...]:
    """What of a clean text to read: the whole; of a long one its first and its last sentence or line too."""
    parts = [part for part in _ENDS.split(text) if len(part.split()) >= _MIN_PART_WORDS]
    if len(text.split()) < LONG_WORDS or len(parts) < 2:
        return (text,)
    return (text, parts[0], parts[-1])


def _readable(char: str) -> str:
    if char == "\n":
        return char
    category = unicodedata.category(char)
    if category == "Cf":  # joiners and marks of direction stand inside words
        return ""
    return " " if category[0] == "C" or category == "So" else char
