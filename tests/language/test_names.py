"""Names that are introduced: masked rather too long, and called by rather not at all."""

import pytest

from language.english import ENGLISH


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("My name is Dr. Jo Marsh, where is it?", "Dr. Jo Marsh"),
        ("my name is Maria del Carmen Lopez and I wait", "Maria del Carmen Lopez"),
        ("my name is ann waiting here", "ann"),
        ("My name is “Will Smith”", "Will Smith"),
        ("Hi, I'm Will, where is it", "Will"),
        ("this is Jo Marsh here", "Jo Marsh"),
        ("I'm J. R.", ""),
        ("I'm Jo waiting", ""),
        ("Call me Sir", ""),
        ("my surname is Marsh", ""),
    ],
)
def test_somebody_is_called_by_their_own_name_or_by_none(sentence: str, name: str) -> None:
    found = ENGLISH.own_name(sentence)
    assert (sentence[found.start : found.end] if found else "") == name


@pytest.mark.parametrize("sentence", ["my name is ann waiting here", "my name is Will", "my surname is Marsh"])
def test_what_somebody_may_be_called_by_is_masked_too(sentence: str) -> None:
    (masked,) = ENGLISH.introduced(sentence)
    own = ENGLISH.own_name(sentence)
    assert own is None or (masked.start == own.start and masked.end >= own.end)
