"""Is the answer still language, or does the model repeat itself?"""

import re
from collections import deque

from chatapp.guards.verdict import OK, Verdict

_WINDOW_WORDS = 100
_LETTER_RUN = 12
_SYMBOL_RUN = 60  # a rule of dashes in Markdown is shorter


class DegenerateGuard:
    """Watches for `aaaa`, loops of words, and a vocabulary that has collapsed.

    Invariants: a verdict once not ok stays as it is; it depends on the text alone, not on how it was cut.
    """

    def __init__(self, least_ratio: float = 0.3, least_words: int = 40) -> None:
        """`least_ratio` of different words among the last 100, once there are `least_words`."""
        self._least_ratio, self._least_words = least_ratio, least_words
        self._words: deque[str] = deque(maxlen=_WINDOW_WORDS)
        self._word = ""
        self._last, self._run = "", 0
        self.verdict: Verdict = OK

    def feed(self, text: str) -> Verdict:
        """Take the next piece of the stream and say how the answer stands."""
        for char in text:
            if not self.verdict.ok:
                break
            self._take(char)
        return self.verdict

    def finish(self) -> Verdict:
        """The end of the stream also ends its last word."""
        return self.feed(" ")

    def _take(self, char: str) -> None:
        self._run = self._run + 1 if char == self._last else 1
        self._last = char
        if self._run >= (_LETTER_RUN if char.isalnum() else _SYMBOL_RUN):
            self._trip(char * self._run, f"{char!r} came {self._run} times in a row")
        if not char.isspace():
            self._word += char
        elif self._word:
            self._words.append(re.sub(r"\W", "", self._word.lower()) or self._word)
            self._word = ""
            self._judge()

    def _judge(self) -> None:
        words = list(self._words)
        for size in range(1, len(words) // 3 + 1):
            times = _times(size)
            if words[-size:] * times == words[-size * times :]:
                self._trip(words[-1], f"the last {size} words came {times} times in a row")
                return
        ratio = len(set(words)) / len(words)
        if len(words) >= self._least_words and ratio < self._least_ratio:
            self._trip(words[-1], f"only {ratio:.0%} of the last {len(words)} words differ")

    def _trip(self, word: str, why: str) -> None:
        self.verdict = self.verdict if not self.verdict.ok else Verdict(False, word, f"The answer loops: {why}.")


def _times(size: int) -> int:
    """How often a run of `size` words may not come in a row; "very very very" is language."""
    return 6 if size == 1 else 4 if size < 5 else 3
