from hypothesis import given
from hypothesis import strategies as st

from chatapp.context.budget import ELLIPSIS, largest, shorten, summary_budget


@given(st.text(max_size=300), st.integers(6, 200))
def test_shortened_text_keeps_its_ends_and_shows_the_gap(text: str, limit: int) -> None:
    short = shorten(text, limit)
    if len(text) <= limit:
        assert short == text
        return
    assert len(short) == limit
    tail = (limit - len(ELLIPSIS)) // 2
    head = limit - len(ELLIPSIS) - tail
    assert short[:head] == text[:head]
    assert short[head : limit - tail] == ELLIPSIS
    assert short[limit - tail :] == text[len(text) - tail :]


def test_an_odd_character_is_kept_at_the_beginning() -> None:
    assert shorten("abcdefghijkl", 10) == "abc […] kl"


@given(st.integers(0, 50), st.integers(0, 50), st.integers(-1, 60))
def test_largest_is_the_largest_taken(low: int, high: int, border: int) -> None:
    taken = [number for number in range(low, high + 1) if number <= border]
    result = largest(low, high, lambda number: number if number <= border else None)
    assert result == (max(taken) if taken else None)


def test_largest_asks_once_where_all_fits_and_a_logarithm_otherwise() -> None:
    asked: list[int] = []

    def attempt(number: int) -> int | None:
        asked.append(number)
        return number if number <= 3 else None

    assert largest(0, 3, attempt) == 3
    assert asked == [3]
    assert largest(0, 1000, attempt) == 3
    assert len(asked) < 14


def test_summary_has_a_fifth_of_the_prompt() -> None:
    assert summary_budget(1024) == 204
