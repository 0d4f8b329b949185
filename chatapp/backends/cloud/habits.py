"""How one server ends its answers, learnt from those that it gave."""


class Habits:
    """What was seen of a server since the backend was made.

    `thinks_unopened`: its answers begin with thinking that is closed but never opened. `gives_logprobs`: it has given
    the probability of a token.
    """

    def __init__(self) -> None:
        self.thinks_unopened = self.gives_logprobs = False
        self._reasons = 0

    def ended(self, finish: str) -> None:
        """Record how an answer with words ended: its finish reason, "" for none."""
        self._reasons += 1 if finish else -1

    @property
    def gives_reasons(self) -> bool | None:
        """Whether it usually gives a finish reason; None before the first answer."""
        return self._reasons > 0 if self._reasons else None
