"""Does a large model repeat itself? Its answer is ended only where the repetition cannot be meant.

The guard of the small model (`degenerate.py`) is strict: a false alarm there costs nothing, as the approved wording
stands in. A cloud answer has nothing to stand in for it, and may be a table, a checklist, code or a long
number. So here the same words must come again and again, letter for letter, and nothing between them.
"""

import re

from chatapp.guards.verdict import OK, Verdict

_LOOK_EVERY_CHARS = 32
_PROBE_CHARS = 24
_REACH_CHARS = 8000
_LEAST_TIMES = 8
_PROSE_CHARS = 200
"""From this length on a sentence or a phrase of some words, said over and over, is a loop."""
_WORD_CHARS = 1000
"""The same of a single word, or two: laughter, a refrain, a row of equal cells."""
_ANYTHING_CHARS = 3000
"""The same of anything: rulers, padding, zeros, rows without words. An answer of the usual length is not longer."""
_STRUCTURE = re.compile(r"[_|{}\[\]<>=\\/`#+~\t]|\w\(")
_MARKS = frozenset(".!?。！？")
_WORDS = re.compile(r"[^\W\d_]+")


class LoopGuard:
    """Watches for a block of text that repeats at the end of what has come.

    Invariants: a verdict once not ok stays as it is; it depends on the text alone, not on how it was cut.
    """

    def __init__(self) -> None:
        self._text = ""
        self._seen = 0
        self.kept = 0
        """How many characters of all come before the second round of the loop, once there is one."""
        self.verdict: Verdict = OK

    def feed(self, text: str) -> Verdict:
        """Take the next piece of the stream and say how the answer stands."""
        while text and self.verdict.ok:
            room = _LOOK_EVERY_CHARS - self._seen % _LOOK_EVERY_CHARS
            self._text = (self._text + text[:room])[-_REACH_CHARS:]
            self._seen += len(text[:room])
            text = text[room:]
            if self._seen % _LOOK_EVERY_CHARS == 0:
                self._judge()
        return self.verdict

    def _judge(self) -> None:
        size = _period(self._text)
        if not size:
            return
        chars = _repeated(self._text, size)
        block = self._text[-size:]
        if chars // size >= _LEAST_TIMES and chars >= _limit(block):
            self.kept = self._seen - len(self._text) + _second_round(self._text, size)
            said = " ".join(block.split())[:40] or "white space"
            self.verdict = Verdict(False, said, f"The answer loops: {said!r} came {chars // size} times in a row.")


def _period(text: str) -> int:
    """After how many characters the end of the text stood there before; 0 where it did not."""
    probe = text[-_PROBE_CHARS:]
    before = text.rfind(probe, 0, len(text) - 1)
    return len(text) - len(probe) - before if len(probe) == _PROBE_CHARS and before >= 0 else 0


def _repeated(text: str, size: int) -> int:
    """How many of the last characters are the last `size` ones over and over."""
    block, place = text[-size:], len(text)
    while place >= size and text[place - size : place] == block:
        place -= size
    return len(text) - place


def _second_round(text: str, size: int) -> int:
    """Where the second round of the loop at the end begins; the mark that ends a sentence belongs to the first."""
    place = len(text) - size
    while place and text[place - 1] == text[place - 1 + size]:
        place -= 1
    return place + size + (text[place + size : place + size + 1] in _MARKS)


def _limit(block: str) -> int:
    """How long a run of this block may be, in characters."""
    words, letters = len(_WORDS.findall(block)), sum(char.isalpha() for char in block)
    if _STRUCTURE.search(block) or letters < 0.6 * len("".join(block.split())):
        return _ANYTHING_CHARS
    return _PROSE_CHARS if words > 2 or _wide(block) else _WORD_CHARS


def _wide(block: str) -> bool:
    """Whether this is a phrase of a script that sets no spaces between words."""
    return sum("\u3040" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7a3" for char in block) > 3
