"""The router's signs are what its regression was fitted on: another word in them is another score."""

from hashlib import sha256

import pytest

from language.english import ENGLISH

FOLLOW_UP, CLAIMS = ENGLISH.follow_up, ENGLISH.claims


@pytest.mark.parametrize(
    ("words", "count", "digest"),
    [
        (FOLLOW_UP.connectives, 7, "88e1cdfc7bfe"),
        (FOLLOW_UP.openers, 9, "bc32a957a30f"),
        (FOLLOW_UP.pointers, 13, "5eac586fbafc"),
        (FOLLOW_UP.function, 40, "672aa4f26ce0"),
        (FOLLOW_UP.phrase_starts, 11, "cf457e726ace"),
        (FOLLOW_UP.small_talk, 83, "4d53ec26d6a4"),
        (CLAIMS.function, 94, "736036ad68d5"),
    ],
)
def test_no_list_changes_by_accident(words: frozenset[str] | tuple[str, ...], count: int, digest: str) -> None:
    assert (len(words), sha256(" ".join(sorted(words)).encode()).hexdigest()[:12]) == (count, digest)
