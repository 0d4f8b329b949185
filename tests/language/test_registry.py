"""Which languages there are rules for, and that no other stands in for one that has none."""

import pytest

from language import language_of
from language.english import ENGLISH


@pytest.mark.parametrize("code", ["en", "EN", "en-GB", "en_us", " en "])
def test_a_code_and_its_regions_name_a_language(code: str) -> None:
    assert language_of(code) is ENGLISH


@pytest.mark.parametrize("code", ["de", "eng", "", "x-en"])
def test_a_language_without_rules_is_none(code: str) -> None:
    assert language_of(code) is None
