"""Drafts of an answer, taken from the text that it words.

An answer here nearly repeats its source. So the source itself is the draft: the model evaluates it in one pass, and
what it would have said anyway is said at once. After the first token that differs, the last words said are looked up in
the source, and what follows them there is the next draft. (Prompt lookup decoding, A. Saxena 2023, with the source in
place of the prompt; verification as in Leviathan et al. 2023.)
"""

from collections.abc import Sequence

_LONGEST_MATCH = 3
_SHORTEST = 4
"""Tokens of the shortest draft: less is hardly cheaper to verify."""


class Draft:
    """The draft of one answer. Pure: it sees tokens and no model.

    Invariants: `next` gives a run of the source, no longer than asked for; where there is no source, nothing. The draft
    only changes how many passes an answer takes, never its tokens, because each is verified.
    """

    def __init__(self, source: Sequence[int], longest: int, likely: int = 0) -> None:
        """`longest` is the length of the first draft, and of any, in tokens; 0 drafts nothing. `likely` is the length
        of the whole answer, about which drafts end; 0 where it is not known.
        """
        self._source, self._longest, self._likely = tuple(source), longest, likely
        self._left = likely or longest
        self._at: int | None = 0
        self._used = 0
        self._length = longest

    def next(self, most: int) -> tuple[int, ...]:
        """The next draft, of at most `most` tokens."""
        if self._at is None:
            return ()
        return self._source[self._at : self._at + max(0, min(most, self._length, self._left))]

    def verified(self, said: Sequence[int], drafted: int, accepted: int) -> None:
        """Take what became of the last draft: `accepted` of `drafted` tokens stand, and `said`, the whole answer so
        far, ends with the token that the model chose after them.
        """
        if not self._source:
            return
        self._left = max(_SHORTEST, self._likely - len(said)) if self._likely else self._longest
        if drafted:
            wished = max(self._length, 2 * drafted) if accepted == drafted else max(_SHORTEST, 2 * accepted)
            self._length = min(self._longest, wished)
        if self._at is not None:
            self._used = self._at + accepted
        self._at = self._found(said)

    def _found(self, said: Sequence[int]) -> int | None:
        """Where the source goes on after the last tokens said: behind what was used first, then anywhere."""
        for size in range(min(_LONGEST_MATCH, len(said)), 0, -1):
            last = tuple(said[-size:])
            for begin in (max(0, self._used - size + 1), 0):
                for at in range(begin, len(self._source) - size):
                    if self._source[at : at + size] == last:
                        return at + size
        return None
