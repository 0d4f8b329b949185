"""Listeners that write down what they hear."""

from collections.abc import Sequence

from engine import Ending, Piece
from localmodel.errors import ExplainedError


def agreed(one: Sequence[int] | str, other: Sequence[int] | str) -> int:
    """How long two answers are the same from their beginning.

    Random weights leave many tokens nearly as likely as the first, and a batch of another size rounds otherwise. So
    answers given at once are held to be nearer to their own than to anybody else's, and not to the last token.
    """
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def own(got: Sequence[Sequence[int] | str], alone: Sequence[Sequence[int] | str]) -> bool:
    """Whether each answer agrees longest with that of the same place, and all together clearly so."""
    near = [agreed(answer, expected) for answer, expected in zip(got, alone, strict=True)]
    far = [
        max(agreed(answer, other) for at, other in enumerate(alone) if at != place and other != alone[place])
        for place, answer in enumerate(got)
    ]
    return sum(n >= f for n, f in zip(near, far, strict=True)) >= 0.75 * len(got) and sum(near) > 2 * sum(far)


class Heard:
    """All of one call. A second end, or a word after the end, is an error."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.ending: Ending | None = None
        self.error: ExplainedError | None = None

    @property
    def tokens(self) -> list[int]:
        return [piece.token for piece in self.pieces]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    def heard(self, pieces: Sequence[Piece]) -> None:
        assert self.ending is None
        assert pieces
        self.pieces += pieces

    def ended(self, ending: Ending, error: ExplainedError | None) -> None:
        assert self.ending is None
        self.ending, self.error = ending, error
