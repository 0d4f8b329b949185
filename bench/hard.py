"""Follow-ups and hard messages: on dialogues and messages that the router never learns from.

    python -m bench.hard [--pack packs/support] [--cache DIR] [--json]

`eval/dialogues.jsonl`: every message after the first, read with the messages before it and without. What needs
context and what does not was labelled by the dialogues' writer. `eval/robustness.jsonl`: by kind, how many in-scope
messages stay local with the right category, and how many others are wrongly answered locally. Wilson intervals, 95 %.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from router.pack.dialogues import Dialogue, Said, read_dialogues
from router.pack.source import Source
from router.plain import plain
from router.router import Router
from router.stats import Share
from router.types import Circumstances, Decision, Mode, Route

CONNECTED = Circumstances(Mode.HYBRID, cloud_connected=True)
Turn = tuple[Said, Decision, Decision]
"""A message, its decision with the messages before it, and without.
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, default=Path("packs/support"))
    parser.add_argument("--cache", type=Path, help="where the trained router lives; a temporary folder by default")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        router = Router.open(options.pack, options.cache or scratch)
        report = {"follow-ups": follow_ups(router), "robustness": robustness(router)}
    if options.json:
        print(json.dumps(report, indent=1, default=plain))
        return
    for title, table in report.items():
        print(title)
        for name, row in table.items():
            print(f"  {name:40s} " + ", ".join(f"{key} {value}" for key, value in row.items()))


def follow_ups(router: Router) -> dict[str, dict[str, Share]]:
    """Category right, fact right and route right, with context and without."""
    dialogues = read_dialogues(_source(router, "dialogues"), *_names(router))
    turns = [turn for dialogue in dialogues for turn in _decided(router, dialogue)]
    kinds = {
        "needs context": [turn for turn in turns if turn[0].needs_context and not turn[0].closing],
        "stands alone": [turn for turn in turns if not turn[0].needs_context and not turn[0].closing],
        "closing": [turn for turn in turns if turn[0].closing],
    }
    return {
        f"{kind}, {how}": _turn_figures([(said, (read, alone)[number]) for said, read, alone in found])
        for kind, found in kinds.items()
        for number, how in enumerate(("with context", "without"))
    }


def _decided(router: Router, dialogue: Dialogue) -> list[Turn]:
    texts = [said.message.text for said in dialogue]
    return [
        (said, router.decide(texts[n], texts[:n], CONNECTED), router.decide(texts[n], (), CONNECTED))
        for n, said in enumerate(dialogue)
        if n > 0
    ]


def _turn_figures(turns: Sequence[tuple[Said, Decision]]) -> dict[str, Share]:
    in_scope = [(said.message, decision) for said, decision in turns if said.message.category]
    beyond = [decision for said, decision in turns if not said.message.category]
    figures = {
        "category": _share(d.category == m.category for m, d in in_scope),
        "fact": _share(_first(d) in m.facts for m, d in in_scope if m.facts),
        "kept local": _share(d.route is Route.LOCAL for _, d in in_scope),
        "wrongly local": _share(d.route is Route.LOCAL for d in beyond),
    }
    return {name: share for name, share in figures.items() if share.n}


def robustness(router: Router) -> dict[str, dict[str, Share]]:
    """By kind of message. A message of several questions is right in the category of any of its facts."""
    source = _source(router, "robustness")
    rows = [json.loads(line) for line in source.text.splitlines() if line.strip()]
    decided = [(row, router.decide(row["text"], (), CONNECTED)) for row in rows]
    return {kind: _kind_figures([r for r in decided if r[0]["kind"] == kind]) for kind in _kinds(rows)}


def _kinds(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["kind"] for row in rows))


def _kind_figures(rows: list[tuple[dict[str, Any], Decision]]) -> dict[str, Share]:
    in_scope = [row for row in rows if row[0]["category"]]
    figures = {
        "category": _share(d.category in {r["category"], *_categories(r)} for r, d in in_scope),
        "fact": _share(_first(d) in r["facts"] for r, d in in_scope),
        "all facts": _share(set(r["facts"]) <= {f.id for f in d.candidates} for r, d in in_scope),
        "kept local": _share(d.route is Route.LOCAL for _, d in in_scope),
        "wrongly local": _share(d.route is Route.LOCAL for r, d in rows if not r["category"]),
    }
    return {name: share for name, share in figures.items() if share.n}


def _categories(row: dict[str, Any]) -> set[str]:
    return {fact.split(".")[0] for fact in row["facts"]}


def _first(decision: Decision) -> str:
    return decision.candidates[0].id if decision.candidates else ""


def _source(router: Router, name: str) -> Source:
    return Source.read(router.pack.folder / "eval" / f"{name}.jsonl", "Write held-out messages first.")


def _names(router: Router) -> tuple[frozenset[str], frozenset[str]]:
    keys = frozenset(category.key for category in router.pack.categories)
    return keys, frozenset(fact.id for fact in router.pack.facts)


def _share(hits: Iterable[bool]) -> Share:
    values = list(hits)
    return Share(sum(values), len(values))


if __name__ == "__main__":
    main()
