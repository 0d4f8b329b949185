"""Was the model sure of its words?"""

import math

from chatapp.guards.verdict import OK, Verdict


class LowConfidence:
    """Watches the probability that the model gave to its own tokens.

    Invariants: tokens without a logprob change nothing; a verdict once not ok stays as it is.
    """

    def __init__(self, least_mean: float = 0.5, least_single: float = 0.0, least_tokens: int = 8) -> None:
        """Least geometric mean, once there are `least_tokens`, and least of any token; 0 turns one off."""
        self._least_mean, self._least_single, self._least_tokens = least_mean, least_single, least_tokens
        self._sum, self._count = 0.0, 0
        self.verdict: Verdict = OK

    @property
    def mean(self) -> float:
        """Geometric mean of the tokens' probabilities so far, 0 to 1; 1 before the first."""
        return math.exp(self._sum / self._count) if self._count else 1.0

    def feed(self, text: str, logprob: float | None) -> Verdict:
        """Take the next token, with the natural logarithm of its probability, and say how the answer stands."""
        if logprob is None or not self.verdict.ok:
            return self.verdict
        self._sum += logprob
        self._count += 1
        single = math.exp(logprob)
        if single < self._least_single:
            self.verdict = Verdict(False, text, f"The model gave {text!r} only {single:.1%}.")
        elif self._count >= self._least_tokens and self.mean < self._least_mean:
            self.verdict = Verdict(False, text, f"The model gave its words only {self.mean:.0%} on average.")
        return self.verdict
