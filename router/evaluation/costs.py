"""Estimated cost of answers, from two prices and the share answered locally."""

from dataclasses import dataclass

from router.stats import Share

PER = 1000


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for one answer given here and for one of the cloud; `assumptions` say in words what they rest on."""

    local_usd: float
    cloud_usd: float
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars per 1,000 messages: all of them answered by the cloud, and as routed, with the latter's 95 % interval.

    `saved` is the share of the former that routing saves; it is negative where the cloud is the cheaper.
    """

    prices: Prices
    all_cloud_usd: float
    hybrid_usd: float
    hybrid_low_usd: float
    hybrid_high_usd: float

    @property
    def saved(self) -> float:
        """0 when the cloud costs nothing."""
        return 1 - self.hybrid_usd / self.all_cloud_usd if self.all_cloud_usd else 0.0


def cost_of(here: Share, prices: Prices) -> Cost:
    """The cost where the share `here` is answered here, and the rest by the cloud."""

    def hybrid(share: float) -> float:
        return PER * (share * prices.local_usd + (1 - share) * prices.cloud_usd)

    low, high = sorted((hybrid(here.low), hybrid(here.high)))
    return Cost(prices, PER * prices.cloud_usd, hybrid(here.value), low, high)
