"""What one answer costs by the settings' prices. For estimates: the ledger books what each call really cost."""

from chatapp.settings import Settings
from router.evaluation.costs import Prices

LOCAL_S = 0.8
"""Compute of one local answer in seconds: the median of `python -m bench.speed`."""

CLOUD_INPUT_TOKENS = 900
"""Prompt of one cloud call in a running conversation: the median of `python -m bench.conversation`."""

CLOUD_OUTPUT_TOKENS = 150
"""An answer of about a hundred words."""


def estimated_prices(settings: Settings) -> Prices:
    """Dollars per answer, priced like the ledger: the machine by its time, the cloud by its tokens."""
    prompt = CLOUD_INPUT_TOKENS * settings.cloud_price_input
    answer = CLOUD_OUTPUT_TOKENS * settings.cloud_price_output
    return Prices(
        local_usd=LOCAL_S * settings.local_hourly_usd / 3600,
        cloud_usd=(prompt + answer) / 1_000_000,
        assumptions=(
            f"An answer given here takes {LOCAL_S:g} s of a machine at ${settings.local_hourly_usd:.2f} an hour.",
            f"A cloud answer takes {CLOUD_INPUT_TOKENS} tokens of prompt, none of them cached, "
            f"at ${settings.cloud_price_input:.2f} a million, and {CLOUD_OUTPUT_TOKENS} tokens of answer "
            f"at ${settings.cloud_price_output:.2f} a million.",
            "Both cost the same whatever the message. The machine's idle time is not counted.",
        ),
    )
