"""How the router does on a pack's held-out messages, which it never learns from.

    python -m bench.support [--pack packs/support] [--cache DIR] [--json] [--verbose]

A message is `{"text", "category": key or null, "facts": [ids that are right]}`. The cloud is taken as connected.
Shares come with Wilson 95 % intervals.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.facts import held_out
from router.pack.labelled import Labelled
from router.pack.load import Pack
from router.router import Router
from router.stats import Share
from router.types import Circumstances, Decision, Mode, Route

CONNECTED = Circumstances(Mode.HYBRID, cloud_connected=True)
Row = tuple[Labelled, Decision]


def main() -> None:
    """Print the figures."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        router = Router.open(options.pack, options.cache or scratch)
        rows = [(m, router.decide(m.text, (), CONNECTED)) for m in held_out(router.pack, "messages")]
    figures, times = _figures(rows), _times(rows)
    if options.json:
        shares = {name: {"value": s.value, "low": s.low, "high": s.high, "n": s.n} for name, s in figures.items()}
        print(json.dumps({"policy": router.policy.version, "shares": shares, "decide_ms": times}, indent=1))
        return
    print(f"policy {router.policy.version}: {dict(router.policy.thresholds)}, fact {router.policy.fact_threshold}")
    for name, share in figures.items():
        print(f"{name:34s} {share}")
    print(f"{'decide()':34s} p50 {times['p50']:.2f} ms, p95 {times['p95']:.2f} ms")
    _print_categories(rows, router.pack)
    if options.verbose:
        _print_wrong(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Routing figures on a pack's held-out messages.")
    parser.add_argument("--pack", type=Path, default=Path("packs/support"))
    parser.add_argument("--cache", type=Path, help="where the trained router lives; a temporary folder by default")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="list every message that went wrong")
    return parser.parse_args()


def _figures(rows: list[Row]) -> dict[str, Share]:
    inside = [row for row in rows if row[0].category is not None]
    out_of_scope = [row for row in rows if row[0].category is None]
    answerable = [row for row in inside if row[0].facts]
    local = [row for row in rows if row[1].route is Route.LOCAL]
    return {
        "category right": _share(m.category == d.category for m, d in inside),
        "fact right, of all answerable": _share(_right_candidate(row) for row in answerable),
        "fact right, of answerable kept": _share(_right_fact(r) for r in answerable if r[1].route is Route.LOCAL),
        "out of scope, escalated (recall)": _share(d.route is not Route.LOCAL for _, d in out_of_scope),
        "in category kept local": _share(d.route is Route.LOCAL for _, d in inside),
        "answerable kept local": _share(d.route is Route.LOCAL for _, d in answerable),
        "local but out of scope": _share(m.category is None for m, _ in local),
        "local but out of scope or wrong fact": _share(not _right_fact(row) for row in local),
        "local but wrong, of all messages": Share(sum(not _right_fact(row) for row in local), len(rows)),
    }


def _right_fact(row: Row) -> bool:
    message, decision = row
    return bool(decision.facts) and decision.facts[0].id in message.facts


def _right_candidate(row: Row) -> bool:
    message, decision = row
    return bool(decision.candidates) and decision.candidates[0].id in message.facts


def _share(hits: Iterable[bool]) -> Share:
    values = list(hits)
    return Share(sum(values), len(values))


def _times(rows: list[Row]) -> dict[str, float]:
    cuts = statistics.quantiles((d.elapsed_ms for _, d in rows), n=100)
    return {"p50": round(cuts[49], 3), "p95": round(cuts[94], 3)}


def _print_categories(rows: list[Row], pack: Pack) -> None:
    print(f"\n{'category':16s} {'n':>4s} {'category':>9s} {'fact':>7s} {'local':>7s}")
    for key in [category.key for category in pack.categories]:
        own = [row for row in rows if row[0].category == key]
        right = _share(d.category == key for _, d in own).value
        fact = _share(_right_candidate(row) for row in own if row[0].facts).value
        local = _share(d.route is Route.LOCAL for _, d in own).value
        print(f"{key:16s} {len(own):4d} {right:9.1%} {fact:7.1%} {local:7.1%}")


def _print_wrong(rows: list[Row]) -> None:
    for message, decision in rows:
        wrong: list[Any] = [decision.route.value, decision.category, round(decision.in_scope, 2)]
        wrong += [f"{fact.id} {fact.probability:.2f}" for fact in decision.candidates[:1]]
        expected = Route.CLOUD if message.category is None else Route.LOCAL
        if decision.route is not expected or (message.facts and not _right_candidate((message, decision))):
            print(f"{message.text!r}\n    is {message.category} {list(message.facts)}; got {wrong}")


if __name__ == "__main__":
    main()
