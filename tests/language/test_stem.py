"""Forms of one word have one stem; words that say something else have another."""

import pytest

from language.english import ENGLISH


@pytest.mark.parametrize(
    "forms",
    ["return returns returned returning", "party parties", "ship ships shipped shipping", "charge charges charged"],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len({ENGLISH.stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("use", "useless"), ("care", "careful"), ("except", "exception"), ("return", "returnable"), ("policy", "police")],
)
def test_a_word_that_says_something_else_has_another_stem(one: str, other: str) -> None:
    assert ENGLISH.stem(one) != ENGLISH.stem(other)
