"""The ledger compared with the provider's account of the same calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.faults.server import Account

FACTOR, SLACK = 1.5, 16
"""Where the product had to estimate, its figure is within this factor of the provider's, or this many tokens. It counts
five characters a token where the provider counts four, and what was on its way when it hung up is billed too.
"""


@dataclass(frozen=True)
class Sums:
    """Calls and their tokens. `exact`: the provider reported every figure, and every call came to its end.

    `spare_input` and `spare_output` are of calls whose answer never came: a ledger may have them or not.
    """

    calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    exact: bool
    spare_input: int = 0
    spare_output: int = 0

    def __str__(self) -> str:
        cached = f" ({self.cached_tokens} cached)" if self.cached_tokens else ""
        return f"{'' if self.exact else '~'}{self.input_tokens}{cached}, {self.output_tokens}"


def of_ledger(calls: Sequence[dict[str, Any]]) -> Sums:
    """What the product booked."""
    ins, outs, cached = (sum(call[f"{name}_tokens"] or 0 for call in calls) for name in ("input", "output", "cached"))
    spent = [call for call in calls if call["input_tokens"] or call["output_tokens"]]
    return Sums(len(calls), ins, outs, cached, not any(call["estimated"] for call in spent))


def of_provider(accounts: Sequence[Account], whole: bool = True) -> Sums:
    """What the provider would bill; `whole` says that the product read every answer to its end."""
    billed = [account for account in accounts if account.billed]
    dark = [account for account in accounts if account.dark]
    ins, outs, cached = (sum(getattr(a, f"{name}_tokens") for a in billed) for name in ("input", "output", "cached"))
    return Sums(
        len(accounts),
        ins,
        outs,
        cached,
        whole and not dark and all(account.told for account in billed),
        sum(account.prompt_tokens for account in dark),
        sum(account.output_tokens for account in dark),
    )


def apart(ours: Sums, theirs: Sums) -> list[str]:
    """What differs by more than the margin."""
    found = []
    for name in ("input", "output"):
        mine, bill = getattr(ours, f"{name}_tokens"), getattr(theirs, f"{name}_tokens")
        spare = getattr(theirs, f"spare_{name}")
        if theirs.exact and mine != bill:
            found.append(f"ledger has {mine} {name} tokens where the provider told {bill}")
        elif not theirs.exact and not near(mine, bill - spare, bill + spare):
            found.append(f"ledger has {mine} {name} tokens where the provider counts {bill}")
    if theirs.exact and ours.cached_tokens != theirs.cached_tokens:
        found.append(f"ledger has {ours.cached_tokens} cached tokens of {theirs.cached_tokens}")
    if theirs.exact and theirs.input_tokens and not ours.exact:
        found.append("the ledger calls it an estimate")
    return found


def near(mine: int, low: int, high: int) -> bool:
    """Whether an estimate is within its margin of what lies between two figures."""
    least, most = min(low / FACTOR, low - SLACK), max(high * FACTOR, high + SLACK)
    return least <= mine <= most
