"""One call of the engine, as its caller and the scheduler see it."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from engine.ask import Ask, Ending, Piece
from localmodel.errors import ExplainedError

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Hears an answer. It is called on the engine's thread, and must return at once."""

    def heard(self, pieces: Sequence[Piece]) -> None:
        """More of the answer, as one step made it."""
        ...

    def ended(self, ending: Ending, error: ExplainedError | None) -> None:
        """The end, told exactly once; after it the engine holds nothing of the call."""
        ...


class Call:
    """A call that waits, runs or has ended. Figures are exact from the moment that they are above 0.

    `attended` says whether somebody waits for the answer at this moment; a call that nobody attends lets others pass.
    """

    def __init__(self, ask: Ask, listener: Listener, attended: Callable[[], bool] = lambda: True) -> None:
        self.ask, self.listener, self.attended = ask, listener, attended
        self.began = time.monotonic()
        self.cancelled = self._over = False
        self.prompt_tokens = self.warm_tokens = self.answer_tokens = 0
        self.passes = self.drafted = self.accepted = 0
        self.compute_s = 0.0
        """Its share, by tokens, of the steps that it had a part in."""

    def say(self, pieces: Sequence[Piece]) -> None:
        """Tell the listener more of the answer. One that raises is asked nothing more: its call is cancelled."""
        try:
            self.listener.heard(pieces)
        except Exception:
            log.exception("a listener of the local model failed, and its call ends")
            self.cancelled = True

    def end(self, ending: Ending, error: ExplainedError | None = None) -> None:
        """Tell the listener the end, once. What it raises harms nobody else."""
        if self._over:
            return
        self._over = True
        try:
            self.listener.ended(ending, error)
        except Exception:
            log.exception("a listener of the local model failed at the end of its call")

    @property
    def needs(self) -> int:
        """Tokens that its sequence may come to hold."""
        return len(self.ask.prompt) + self.ask.max_tokens

    @property
    def overdue(self) -> bool:
        """Whether its time is over."""
        return self.ask.timeout_s is not None and time.monotonic() - self.began > self.ask.timeout_s
