"""Numbers in words: one list, for guards, figures and gists."""

from language.english import ENGLISH
from language.protocol import NumberWords

NUMBERS = ENGLISH.numbers


def test_every_unit_measures_something() -> None:
    pairs = set(NUMBERS.unit_pairs.values())
    assert set(NUMBERS.units.values()) | pairs == NUMBERS.dimensions.keys()


def test_what_is_spoken_surely_gives_a_number() -> None:
    assert {"two", "twelve", "ninety", "hundred"} <= NUMBERS.spoken
    assert "one" not in NUMBERS.spoken
    assert NUMBERS.values["one"] == 1


def test_units_of_two_words_count_with_both() -> None:
    assert {"working", "per", "cent", "pm", "eur"} <= NUMBERS.unit_words
    assert NumberWords().unit_words == frozenset()
