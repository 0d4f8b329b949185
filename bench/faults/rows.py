"""One row of a table: what happened, what of it is wrong, and how both are printed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from bench.faults.plays import INTERNAL
from bench.faults.product import KEY, MODEL

SECRETS: tuple[str, ...] = (
    KEY,
    INTERNAL,
    "sk-loopback",
    "FIRSTLINE_",
    "127.0.0.1",
    "localhost:",
    "http://",
    "https://",
    "/v1",
    MODEL,
)
SECRETS += ("sqlite", "SQLSTATE", "psycopg", "Traceback", "OpenAI", "retry-after", "tmp/")
"""What no customer may read."""


@dataclass
class Row:
    """`read` is what the customer read, `stored` the status and length of what is stored, `ledger` what was booked
    against what the provider would bill, `wrong` what failed.
    """

    name: str
    about: str
    read: str = ""
    stored: str = ""
    ledger: str = ""
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def check(self, good: object, what: str) -> None:
        """Note `what` as wrong unless `good`."""
        if not good:
            self.wrong.append(what)


def leaks(words: Sequence[str]) -> list[str]:
    """The secrets that occur in any of these sentences."""
    return sorted({secret for secret in SECRETS for said in words if secret.lower() in said.lower()})


def report(rows: Sequence[Row], *, as_json: bool) -> int:
    """Print the rows; the exit status."""
    broken = sum(bool(row.wrong) for row in rows)
    if as_json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "broken": broken}, ensure_ascii=False))
        return int(broken > 0)
    for row in rows:
        print(f"| {' | '.join(cells(row))} |")
    print(f"\n{len(rows)} rows, {broken} not as they must be")
    return int(broken > 0)


def heads() -> None:
    """The first two lines of the table."""
    print(
        "| fault | the customer reads | stored | ledger / provider: tokens in, out | s | |\n|---|---|---|---|---|---|"
    )


def cells(row: Row) -> list[str]:
    """The columns of a Markdown table."""
    verdict = "; ".join(row.wrong) if row.wrong else "ok"
    texts = [f"`{row.name}` {row.about}", row.read, row.stored, row.ledger, f"{row.seconds:.1f}", verdict]
    return [" ".join(text.replace("|", "\\|").split()) for text in texts]
