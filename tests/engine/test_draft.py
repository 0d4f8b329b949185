"""Drafts from the source."""

from hypothesis import given
from hypothesis import strategies as st

from engine.draft import Draft

TOKENS = st.lists(st.integers(0, 5), max_size=30)


def test_the_first_draft_is_the_source_from_its_beginning() -> None:
    assert Draft((1, 2, 3, 4), 3).next(9) == (1, 2, 3)
    assert Draft((1, 2, 3, 4), 9).next(2) == (1, 2)
    assert Draft((), 9).next(9) == ()
    assert Draft((1, 2), 0).next(9) == ()


def test_after_a_word_that_differs_the_source_goes_on_where_the_last_words_stand() -> None:
    draft = Draft((10, 11, 12, 20, 21, 22, 23), 9)
    draft.next(9)
    draft.verified([10, 11, 20], 7, 2)
    assert draft.next(9) == (21, 22, 23)


def test_no_draft_goes_beyond_the_length_that_the_answer_likely_has() -> None:
    thrice = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10) * 3
    draft = Draft(thrice, 64, likely=10)
    assert draft.next(99) == thrice[:10]
    draft.verified([7], 10, 0)
    assert draft.next(99) == (8, 9, 10, 1)
    draft.verified([7, 8, 9, 10, 1, 2], 4, 4)
    assert draft.next(99) == (3, 4, 5, 6)
    draft.verified([7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8], 4, 4)
    assert len(draft.next(99)) == 4, "it may be longer after all"


def test_what_was_used_is_looked_up_last() -> None:
    draft = Draft((5, 1, 5, 2, 5, 3), 9)
    draft.next(9)
    draft.verified([5, 1, 5, 9], 6, 3)
    assert draft.next(9) == ()
    draft.verified([5, 1, 5, 9, 5], 0, 0)
    assert draft.next(9)[0] in (1, 3)


def test_where_nothing_is_alike_nothing_is_drafted_until_something_is() -> None:
    draft = Draft((1, 2, 3, 4), 9)
    draft.next(9)
    draft.verified([9], 4, 0)
    assert draft.next(9) == ()
    draft.verified([9, 2], 0, 0)
    assert draft.next(9) == (3, 4)


def test_a_draft_that_is_refused_makes_the_next_one_shorter() -> None:
    source = tuple(range(100))
    draft = Draft(source, 64)
    assert len(draft.next(99)) == 64
    draft.verified([0, 1, 50], 64, 2)
    assert len(draft.next(99)) == 4
    draft.verified([0, 1, 50, 51, 52, 53, 54, 55], 4, 4)
    assert len(draft.next(99)) == 8


def test_a_draft_that_room_cut_short_makes_the_next_one_no_shorter() -> None:
    draft = Draft(tuple(range(100)), 64)
    assert len(draft.next(3)) == 3
    draft.verified([0, 1, 2, 3], 3, 3)
    assert len(draft.next(99)) == 64


def test_the_first_occurrence_behind_what_was_used_comes_before_an_earlier_one() -> None:
    draft = Draft((1, 2, 3, 1, 2, 4), 9)
    draft.next(9)
    draft.verified([1, 2, 3, 1, 5], 6, 4)
    draft.verified([1, 2, 3, 1, 5, 2], 0, 0)
    assert draft.next(9) == (4,)


@given(TOKENS, TOKENS, st.integers(0, 12), st.integers(0, 12))
def test_a_draft_is_a_run_of_the_source(source: list[int], said: list[int], longest: int, most: int) -> None:
    draft = Draft(source, longest)
    for end in range(1, len(said) + 1):
        drafted = draft.next(most)
        assert len(drafted) <= min(longest, most)
        assert any(tuple(source[at : at + len(drafted)]) == drafted for at in range(len(source) + 1))
        draft.verified(said[:end], len(drafted), min(len(drafted), end % 3))
