"""Training questions that are held-out ones, or as good as."""

from collections.abc import Iterator, Sequence

from finetune.data.conversation import Conversation, Role
from finetune.data.held_out import HeldOut
from finetune.data.problem import Code, Problem, shown
from router.pack.overlap import fold

ALIKE = 92.0
"""From this similarity on, 0 to 100, two questions count as one: rapidfuzz's token_sort_ratio of the folded texts."""

MIN_WORDS = 4  # of a shorter message a near one may well mean something else, and thanks are thanks
_HINT = "Remove it: what is measured on must not have been learnt."
_ROWS = 1024  # at once, so that large data take little memory


def leaks(conversations: Sequence[Conversation], held_out: Sequence[HeldOut]) -> Iterator[Problem]:
    """A problem for each conversation that asks a held-out question, by the nearest one.

    Equal once folded is equal at any length; messages below `MIN_WORDS` words on either side are held against each
    other for that alone.
    """
    asked = [(conversation, text) for conversation in conversations for text in questions(conversation)]
    mine, theirs = [fold(text) for _, text in asked], [fold(one.text) for one in held_out]
    equal = {folded: number for number, folded in enumerate(theirs)}
    near = dict(_near(mine, theirs))
    told = set()
    for number, (conversation, text) in enumerate(asked):
        found = equal.get(mine[number], near.get(number))
        if found is not None and id(conversation) not in told:
            told.add(id(conversation))
            one = held_out[found]
            what = f"{shown(text)} is nearly the held-out {shown(one.text)} ({one.place})."
            yield Problem(conversation.place, Code.HELD_OUT, what, _HINT)


def questions(conversation: Conversation) -> tuple[str, ...]:
    """What the customer says: their own words, or every message of the user's."""
    if conversation.asked:
        return (conversation.asked,)
    return tuple(message.content for message in conversation.messages if message.role is Role.USER)


def _near(mine: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Of folded texts the numbers of each that is near another, and of the nearest other."""
    from rapidfuzz.fuzz import ratio
    from rapidfuzz.process import cdist

    rows, columns = _long(mine), _long(theirs)
    for start in range(0, len(rows) if columns else 0, _ROWS):
        part = rows[start : start + _ROWS]
        alike = cdist([text for _, text in part], [text for _, text in columns], scorer=ratio, score_cutoff=ALIKE)
        best = alike.argmax(axis=1)
        yield from ((part[i][0], columns[int(j)][0]) for i, j in enumerate(best) if alike[i, j] >= ALIKE)


def _long(folded: Sequence[str]) -> list[tuple[int, str]]:
    """The texts of enough words, numbered, words in order: the plain ratio of two of these is their token_sort_ratio,
    and each is sorted once.
    """
    words = [text.split() for text in folded]
    return [(number, " ".join(sorted(one))) for number, one in enumerate(words) if len(one) >= MIN_WORDS]
