"""What a call used: every way in which servers say it, and none in which they cannot mean it."""

from typing import Any

import pytest

from chatapp.backends.base import Usage
from chatapp.backends.cloud.usage import exact, price_microusd, rough_tokens
from tests.backends.conftest import make_settings


def said(prompt: Any, completion: Any, total: Any = None, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total, **more}


@pytest.mark.parametrize(
    ("figures", "usage"),
    [
        (said(20, 2, 22), (20, 2, 0)),
        (said(20, 2), (20, 2, 0)),
        (said(1000, 10, 2010), (1000, 1010, 0)),  # reasoning beside the total is billed output
        (said(1000, 10, completion_tokens_details={"reasoning_tokens": 1000}), (1000, 1010, 0)),
        (said(1000, 1010, 2010, completion_tokens_details={"reasoning_tokens": 1000}), (1000, 1010, 0)),
        (said(1000, 10, 2010, completion_tokens_details={"reasoning_tokens": 1000}), (1000, 1010, 0)),
        (said(20, 2, 22, prompt_tokens_details={"cached_tokens": 5}), (20, 2, 5)),
        (said(20, 2, 22, prompt_tokens_details={"cached_tokens": 50}), (20, 2, 20)),
        (said(20, 2, 22, prompt_cache_hit_tokens=6), (20, 2, 6)),
        (said(20, None, 3, completion_tokens_details=None), (20, 0, 0)),
        (said(20, -4, 22), (20, 2, 0)),
    ],
)
def test_the_servers_own_figures(figures: dict[str, Any], usage: tuple[int, int, int]) -> None:
    assert exact(figures) == Usage(*usage, estimated=False)


@pytest.mark.parametrize(
    "figures", [None, {}, [], said(0, 0, 0), said(None, 3), said("20", "2"), said(-1, 2), said(10**12, 1), said(2.5, 1)]
)
def test_figures_that_are_none(figures: Any) -> None:
    assert exact(figures) is None


def test_price_is_in_whole_microdollars_rounded_up() -> None:
    settings = make_settings(cloud_price_input=0.25, cloud_price_cached=0.025, cloud_price_output=2)
    assert price_microusd(settings, Usage(1000, 100, 400)) == 150 + 10 + 200
    assert price_microusd(settings, Usage(1, 0)) == 1
    assert price_microusd(settings, Usage()) == 0


def test_words_are_estimated_by_their_script() -> None:
    assert rough_tokens("") == 0
    assert rough_tokens("four and twenty") == 4
    assert rough_tokens("请稍等") == 3
