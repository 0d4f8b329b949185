"""Makes text as providers split it storable and visible, and text as people write it safe for a model."""

import re

from localmodel.vocabulary import defused

_INVISIBLE = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0]*"
)
_CONTROL = re.compile(
    r"<\|[^<>|\s]{1,40}\|>"  # ChatML, Llama 3, Phi, gpt-oss
    r"|<｜[^<>｜]{1,40}｜>"  # DeepSeek
    r"|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|IMG)\]"  # Mistral
    r"|<</?SYS>>"  # Llama 2
    r"|</?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|start_of_image)>"  # Gemma, SentencePiece
    r"|\[(?:gMASK|sop|MASK)\]",  # GLM
    re.IGNORECASE,
)
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def without_lead(text: str) -> str:
    """The text from its first visible character on; "" for one of white space, zero-width and filler characters."""
    found = _INVISIBLE.match(text)
    return text[found.end() :] if found else text


class Pairs:
    """Joins the halves of a character beyond the sixteenth bit that were sent in two pieces.

    What is given can be stored: a half whose other one never comes is U+FFFD, and NUL, which PostgreSQL refuses, is
    left out. Invariant: what is given in all does not depend on how the text was cut.
    """

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        """The text as far as it is whole characters."""
        text, self._half = self._half + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        if not _UNSTORABLE.search(text):
            return text
        return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def finish(self) -> str:
        """What a half without its other one is shown as, "" for none."""
        half, self._half = self._half, ""
        return "\ufffd" if half else ""


def without_control(text: str) -> str:
    """What somebody wrote, with a space in all that spells a control token of some model: `< |im_start|>`.

    Which model answers behind a URL is not known, so the spellings of all known families count.
    """
    return defused(text, set(_CONTROL.findall(text)))
