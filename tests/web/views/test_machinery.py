"""What the templates are given."""

import pytest

from chatapp.web.views.machinery import _meter
from router.policy.policy import held_against


@pytest.mark.parametrize(
    ("value", "threshold", "words"),
    [(0.986, 0.707, "98 % sure; 70 % is enough"), (0.701, 0.707, "70 % sure; 71 % is needed")],
)
def test_a_meter_says_of_a_threshold_what_the_reason_says(value: float, threshold: float, words: str) -> None:
    assert _meter("In scope", value, threshold).words == held_against(value, threshold) == words
