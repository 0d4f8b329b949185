"""How the time of a machine that works on several calls at once is shared among them."""

import time


class SharedTime:
    """Of each second in which n calls run, each has the n-th part.

    Invariant: the shares add up to the time in which any call ran, so that no hour of a machine is paid twice.
    """

    def __init__(self) -> None:
        self.running = 0
        self._each_s, self._at = 0.0, time.perf_counter()

    def join(self) -> "Share":
        """One more call, from now on."""
        self.each_s()
        self.running += 1
        return Share(self)

    def leave(self) -> None:
        """One call less, from now on."""
        self.each_s()
        self.running -= 1

    def each_s(self) -> float:
        """Seconds that a call would have by now that ran from the beginning, beside all the others."""
        now = time.perf_counter()
        self._each_s += (now - self._at) / self.running if self.running else 0.0
        self._at = now
        return self._each_s


class Share:
    """The part of one call."""

    def __init__(self, of: SharedTime) -> None:
        self._of: SharedTime | None = of
        self._began_s, self._ended_s = of.each_s(), 0.0

    @property
    def seconds(self) -> float:
        """So far, or in all once it has ended."""
        return (self._of.each_s() if self._of else self._ended_s) - self._began_s

    def end(self) -> None:
        """The call has ended; safe to repeat."""
        if self._of:
            self._ended_s = self._of.each_s()
            self._of.leave()
            self._of = None
