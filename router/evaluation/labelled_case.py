"""One labelled message with the decision on it, and whether that was right."""

from dataclasses import dataclass
from enum import StrEnum

from router.pack.labelled import Labelled
from router.types import OUT_OF_SCOPE_LABEL, SAFETY, Decision, Route, ScoredFact, least_sure

ELSEWHERE = "not answered here"


class End(StrEnum):
    """The result of a decision. A message that no fact answers is rightly escalated. The last three are wrong local
    answers: no fact is right, another fact is right, or the message is out of scope.
    """

    RIGHT = "right"
    SENT = "sent"
    MISSED = "missed"
    NO_FACT = "no_fact"
    WRONG_FACT = "wrong_fact"
    OUT_OF_SCOPE = "out_of_scope"


WRONG = frozenset((End.NO_FACT, End.WRONG_FACT, End.OUT_OF_SCOPE))


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled message and the decision on it."""

    message: Labelled
    decision: Decision

    @property
    def inside(self) -> bool:
        """Whether the message is in scope: it belongs to a category of the pack."""
        return self.message.category is not None

    @property
    def _danger(self) -> bool:
        return self.decision.category == SAFETY

    @property
    def local(self) -> bool:
        """Whether it is answered locally, from one of the pack's facts."""
        return self.decision.route is Route.LOCAL and not self._danger

    @property
    def best(self) -> ScoredFact | None:
        """The likeliest of the pack's facts, whether or not it was chosen; None for what was taken for danger."""
        return self.decision.candidates[0] if self.decision.candidates and not self._danger else None

    @property
    def right_fact(self) -> bool:
        """Whether the likeliest fact is one of the right ones; never so for an out-of-scope message."""
        return self.inside and self.best is not None and self.best.id in self.message.facts

    @property
    def score(self) -> float:
        """P(in scope) x P(best fact, the least sure of several): how sure the router is of a local answer, 0 to 1."""
        sure = least_sure(self.decision.candidates, self.decision.asked)
        return 0.0 if self._danger else self.decision.in_scope * sure

    @property
    def row(self) -> str:
        """Its row in the confusion table: its category, or `out_of_scope`."""
        return self.message.category or OUT_OF_SCOPE_LABEL

    @property
    def column(self) -> str:
        """Its column there: the category that it is answered as, or `not answered here`."""
        return self.decision.category if self.local else ELSEWHERE

    @property
    def end(self) -> End:
        """The result of the decision."""
        if not self.local:
            return End.MISSED if self.message.facts else End.SENT
        if not self.inside:
            return End.OUT_OF_SCOPE
        if self.right_fact:
            return End.RIGHT
        return End.WRONG_FACT if self.message.facts else End.NO_FACT

    @property
    def wrong_here(self) -> bool:
        """Answered locally, though the message is out of scope or the fact is not a right one."""
        return self.end in WRONG

    @property
    def kept_out(self) -> bool:
        """In scope, but not answered locally."""
        return self.inside and not self.local
