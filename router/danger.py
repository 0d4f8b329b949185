"""Whether a message tells of danger: asked before anything is routed, with an encoder that was tuned for this alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from router.arrays import Floats, Vectors
from router.model.conditional_logit import softmax
from router.pack.safety import Safety, SafetyKind
from router.text.clean import has_words
from router.types import (
    SAFETY,
    Circumstances,
    Decision,
    Reason,
    ReasonCode,
    Route,
    ScoredFact,
)

MOST_LINES = 8
"""Of a message of several lines these are read alone too, the last ones: they may be several messages in one."""


@dataclass(frozen=True, slots=True)
class DangerModel:
    """A softmax over the kinds of danger: `weights` (k + 1, d) and `bias` (k + 1,), the first row for "none".

    `threshold` is the probability of any danger, 0 to 1, from which on a message is taken for one.
    """

    kinds: tuple[str, ...]
    weights: Floats
    bias: Floats
    threshold: float

    def probabilities(self, vectors: Vectors) -> Floats:
        """(m, k + 1) of unit vectors (m, d)."""
        return softmax(vectors @ self.weights.T + self.bias)


class Danger:
    """Tells messages of danger. Pure and thread-safe."""

    def __init__(self, safety: Safety, model: DangerModel, encode: Callable[[str], Vectors]) -> None:
        self.model = model
        self._encode = encode
        self._kinds = {kind.key: kind for kind in safety.kinds}

    def decide(self, message: str, circumstances: Circumstances) -> Decision | None:
        """The decision on a clean message of danger: its approved text, in either mode; None for any other message."""
        kind, probability = self.find(message)
        return None if kind is None else _decision(kind, probability, self.model.threshold, circumstances)

    def find(self, message: str) -> tuple[SafetyKind | None, float]:
        """The kind of danger that a clean message tells of, None for none; and the probability of any."""
        if not has_words(message):
            return None, 0.0
        read = self.model.probabilities(np.stack([self._encode(text) for text in parts(message)]))
        surest = read[read[:, 0].argmin()]
        probability = float(1 - surest[0])
        if probability < self.model.threshold:
            return None, probability
        return self._kinds[self.model.kinds[int(surest[1:].argmax())]], probability


def parts(message: str) -> tuple[str, ...]:
    """What is read: the whole message and, of several lines, each."""
    lines = [line for line in message.split("\n") if has_words(line)][-MOST_LINES:]
    return (message, *lines) if len(lines) > 1 else (message,)


def _decision(kind: SafetyKind, probability: float, threshold: float, circumstances: Circumstances) -> Decision:
    fact = ScoredFact(kind.fact.id, kind.fact.text, probability)
    what = kind.key.replace("_", " ")
    said = "who can help is named at once" if not kind.person else "it is for a person"
    return Decision(
        route=Route.ABSTAIN if kind.person else Route.LOCAL,
        mode=circumstances.mode,
        category=SAFETY,
        confidence=probability,
        in_scope=probability,
        threshold=threshold,
        fact_threshold=0.0,
        facts=() if kind.person else (fact,),
        neighbours=(),
        reasons=(Reason(ReasonCode.SAFETY, f"This reads like a matter of safety ({what}): {said}."),),
        policy="",
        candidates=(fact,),
    )
