"""E-mail addresses and telephone numbers, and what only looks like one."""

import pytest

from language.contacts import callable_numbers, emails, telephones
from language.english import ENGLISH

LOOK_ALIKES = ["2026-11-01", "48123377", "11111111111111", "000000000000000042", "EUR 1,000", "14:00"]


def test_addresses_and_numbers_in_order() -> None:
    text = "Write to a.b@shop.example, call +44 20 7946 0991 or 0800-555-0142, or c@d.example."
    assert emails(text) == ["a.b@shop.example", "c@d.example"]
    assert telephones(text) == ["+44 20 7946 0991", "0800-555-0142"]


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_look_alike_is_no_telephone_number(text: str) -> None:
    assert telephones(text) == []
    assert list(callable_numbers(text, ENGLISH.contacts)) == []


def test_without_words_to_go_by_only_a_country_code_is_believed() -> None:
    text = "0800 555 0142 or +44 20 7946 0991"
    assert [digits for _, _, digits in callable_numbers(text, ENGLISH.contacts)] == ["08005550142", "+442079460991"]
    assert [digits for _, _, digits in callable_numbers(text, None)] == ["+442079460991"]
    assert list(callable_numbers("order 0123 456 789", ENGLISH.contacts)) == []
