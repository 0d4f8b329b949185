"""Texts at which an answer ends."""

from collections.abc import Sequence


class Stops:
    """Holds back what may be the beginning of a stop text.

    Invariant: what was released is the answer up to the stop text that is complete first, however it was cut.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = tuple(text for text in texts if text)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """Take the next piece and return what is certainly part of the answer."""
        if not self._texts:
            return text
        self._held += text
        found = [(at + len(stop), at) for stop in self._texts if (at := self._held.find(stop)) >= 0]
        if found:  # the first to be complete, as if each character came alone
            self.stopped = True
            shown, self._held = self._held[: min(found)[1]], ""
            return shown
        keep = max(size for stop in self._texts for size in range(len(stop)) if self._held.endswith(stop[:size]))
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def finish(self) -> str:
        """The end of the answer: what was held is no stop text."""
        shown, self._held = self._held, ""
        return shown
