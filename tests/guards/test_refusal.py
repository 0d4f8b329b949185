"""The refusal is held back as long as an answer may become it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chatapp.guards.refusal import RefusalGuard
from localmodel.prompt import REFUSAL

ANSWERS = st.sampled_from(
    [REFUSAL, f" {REFUSAL}\n", "I do not", "I do not know. Ask.", "", "You have 60 days."]
) | st.text(max_size=30)


@given(ANSWERS, st.lists(st.integers(0, 40), max_size=6))
def test_how_the_stream_is_cut_changes_nothing_and_nothing_is_lost(answer: str, cuts: list[int]) -> None:
    guard, edges = RefusalGuard(REFUSAL), sorted({0, *(cut for cut in cuts if cut < len(answer)), len(answer)})
    shown = [guard.feed(answer[start:end]) for start, end in pairwise(edges)]
    if answer.strip() == REFUSAL:
        assert "".join(shown) == ""
        assert guard.refused
        assert guard.finish() == ""
    else:
        assert "".join(shown) + guard.finish() == answer
        assert not guard.refused
