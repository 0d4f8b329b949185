"""Listeners that write down what they hear."""

from collections.abc import Sequence

from engine import Ending, Piece
from localmodel.errors import ExplainedError


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
