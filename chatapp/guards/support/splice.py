"""Was the answer spliced from halves of two claims? "Usual size in [Fell Low, and half a size larger in] Fell Mid".

A small model copies, and skips: every word is the source's, and the whole is false. So the words of an answer are
walked along the source: a step into another piece of its sentence must come in at that piece's beginning.
"""

from chatapp.guards.support.clauses import Piece, Sentence


def splice(answer: Piece, source: Sentence) -> str:
    """The first word of `answer` that no honest walk along `source` reaches, or "".

    Words that the source does not have are passed over; they are judged elsewhere.
    """
    here: set[tuple[int, int]] = set()
    for key, word in answer.elements:
        there = {
            (number, place)
            for number, piece in enumerate(source.pieces)
            for place, (other, _) in enumerate(piece.elements)
            if other == key
        }
        if not there:
            continue
        reached = {spot for spot in there if not here or any(_step(a, spot, answer, source) for a in here)}
        if not reached:
            return word
        here = reached
    return ""


def _step(start: tuple[int, int], end: tuple[int, int], answer: Piece, source: Sentence) -> bool:
    if start[0] == end[0]:
        return True
    here, there = source.pieces[start[0]], source.pieces[end[0]]
    if end[0] < start[0]:  # back: to what a pronoun stands for, or to the verb that a list shares
        return here.open or (not here.verbs and there.elements[end[1]][0] in there.verbs)
    listed = not source.pieces[end[0] - 1].verbs
    skipped = {key for key, _ in there.elements[: end[1]]} - {key for key, _ in answer.elements}
    return listed or not skipped
