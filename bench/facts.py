"""Does the router find the fact that answers, or that none does? On questions that it never learns from.

    python -m bench.facts [--pack packs/support] [--cache DIR] [--json]

`eval/questions.jsonl` has three questions a fact, written by people who had not seen its example questions, and
questions that no fact answers. Intervals are Wilson, 95 %. Times are of whole decisions, also with 60 and 2,000 facts.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from router.model.classifier import Classifier
from router.pack.labelled import Labelled, read_labelled
from router.pack.load import Pack
from router.pack.source import Source
from router.plain import plain
from router.policy.policy import decide
from router.router import Router
from router.stats import Share
from router.types import Circumstances, Mode, Scores, least_sure

CONNECTED = Circumstances(Mode.HYBRID, cloud_connected=True)
COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SIZES = (60, 2000)
TIMED = 200
Row = tuple[Labelled, Scores]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, default=Path("packs/support"))
    parser.add_argument("--cache", type=Path, help="where the trained router lives; a temporary folder by default")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        router = Router.open(options.pack, options.cache or scratch)
        rows = [(message, router.scores(message.text)) for message in held_out(router.pack, "questions")]
        report = figures(rows) | {"p50 ms": {str(size): timed(router, size, rows) for size in SIZES}}
    print(json.dumps(report, indent=1, default=plain) if options.json else _text(report))


def held_out(pack: Pack, name: str) -> tuple[Labelled, ...]:
    """The labelled messages of `eval/<name>.jsonl`."""
    source = Source.read(pack.folder / "eval" / f"{name}.jsonl", "Write held-out messages first.")
    keys, ids = (category.key for category in pack.categories), (fact.id for fact in pack.facts)
    return read_labelled(source, frozenset(keys), frozenset(ids))


def figures(rows: list[Row]) -> dict[str, Any]:
    """Right fact at one and three, precision at several coverages of the answerable, AUROC of "right fact"."""
    from sklearn.metrics import roc_auc_score

    answerable = [row for row in rows if row[0].facts]
    right = np.array([_right(row, 1) for row in rows])
    best = np.array([least_sure(scores.facts, scores.asked) for _, scores in rows])
    can = np.array([bool(message.facts) for message, _ in rows])
    return {
        "questions": len(rows),
        "no fact answers": len(rows) - len(answerable),
        "right fact at one": _share([_right(row, 1) for row in answerable]),
        "right fact at three": _share([_right(row, 3) for row in answerable]),
        "AUROC of right fact": float(roc_auc_score(right, best)),
        "precision at coverage of the answerable": {
            f"{coverage:.0%}": _precision(best, right, can, coverage) for coverage in COVERAGES
        },
    }


def _precision(best: Any, right: Any, can: Any, coverage: float) -> Share:
    """Share of right facts among messages that get one, where this share of the answerable gets one."""
    threshold = np.sort(best[can])[::-1][int(np.ceil(coverage * can.sum())) - 1]
    given = best >= threshold
    return _share(right[given].tolist())


def timed(router: Router, size: int, rows: list[Row]) -> float:
    """Milliseconds of a whole decision with `size` facts: the pack's own, repeated or cut."""
    classifier = _resized(router.classifier, size)
    took = []
    for message, _ in rows[:TIMED]:
        began = time.perf_counter()
        decide(classifier.scores(message.text, router.encoder.encode_one(message.text)), router.policy, CONNECTED)
        took.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(took), 3)


def _resized(classifier: Classifier, size: int) -> Classifier:
    """The classifier as large as one of `size` facts: same arithmetic, other names."""
    from dataclasses import replace

    facts = len(classifier.vocabulary.fact_ids)
    chosen = np.arange(size) % facts
    models, names = classifier.models, classifier.vocabulary
    fixed = models.dual.shape[1] - facts
    dual = np.concatenate([models.dual[:, :fixed], models.dual[:, fixed:][:, chosen]], axis=1)
    spelling = np.ascontiguousarray(models.spelling[:, chosen])
    fact = np.where(models.fact >= 0, np.arange(len(models.fact)) % size, models.fact)
    return replace(
        classifier,
        models=replace(models, dual=np.ascontiguousarray(dual), spelling=spelling, fact=fact),
        vocabulary=replace(
            names,
            fact_ids=tuple(f"{names.fact_ids[i]}-{n}" for n, i in enumerate(chosen)),
            fact_texts=tuple(names.fact_texts[i] for i in chosen),
            fact_category=names.fact_category[chosen],
        ),
    )


def _right(row: Row, among: int) -> bool:
    message, scores = row
    return any(fact.id in message.facts for fact in scores.facts[:among])


def _share(hits: list[bool]) -> Share:
    return Share(sum(hits), len(hits))


def _text(report: dict[str, Any]) -> str:
    lines = []
    for name, value in report.items():
        if isinstance(value, dict):
            lines += [name, *(f"  {key:>6s}  {item}" for key, item in value.items())]
        else:
            lines.append(f"{name:28s} {value:.4f}" if isinstance(value, float) else f"{name:28s} {value}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
