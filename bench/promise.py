"""Are promises kept? Thresholds are chosen on half of the labelled messages and checked on the other half.

    python -m bench.promise [--pack packs/support] [--cache DIR] [--splits 200] [--plot FILE] [--json]

Each split draws a half at random from the out-of-fold scores of the pack's calibration messages, promises each risk on
it, and counts what is wrong in the other half. Promised are "in scope, together" and "fact"; the other two levels are
what comes of them. To be read with care:

- What is promised is the risk of all messages like these; a half is a sample, and differs from it by chance.
- The splits share the same messages, so they are no independent trials: no interval is given for shares of splits.
- Models and calibration weights are of all messages, out of fold; only the choice of thresholds is fresh.
- A promise made in few splits was made in the lucky ones. What the confidence bounds is "broken, of all splits".
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from router.encoder.encoder import Encoder
from router.pack.load import load_pack
from router.plain import plain
from router.policy.promise import per_cent
from router.stats import Share
from router.training.build import Built, build
from router.training.promised import Levels, promise_levels
from router.training.rows import Rows, rows_of

RISKS = (0.01, 0.02, 0.05, 0.10)
SEED = 7
LEVELS = ("in scope, together", "in scope, as in force", "fact", "local answers")


@dataclass(frozen=True, slots=True)
class Split:
    """One promise on one half: wrong among what passes in the fresh half, of all there; None where none was made."""

    wrong: Share | None
    messages: int


@dataclass(frozen=True, slots=True)
class Line:
    """One level at one risk over all splits. `made` of the `splits` had a promise, `kept` of these kept it.

    `observed` is the mean of the observed risks, `low` to `high` their 10th to 90th percentile, `passing` the mean
    share of messages that pass.
    """

    level: str
    risk: float
    splits: int
    made: int
    kept: int
    observed: float
    low: float
    high: float
    passing: float


def main() -> None:
    """Print the table."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        built = _built(options.pack, options.cache or Path(scratch))
    rows, categories = rows_of(built.corpus, built.trained), len(built.artefact.classifier.vocabulary.categories)
    lines = run(rows, categories, options.splits, options.confidence)
    if options.plot:
        plot(lines, options.plot)
    if options.json:
        figures = {"messages": len(rows.inside), "confidence": options.confidence, "lines": plain(lines)}
        print(json.dumps(figures))
        return
    half, sure = len(rows.inside) // 2, per_cent(options.confidence)
    print(f"{options.splits} splits; promises from {half} messages; stated: all kept with {sure} confidence")
    heads = f"{'level':22s} {'risk':>6s} {'no promise':>11s} {'observed, 10th to 90th':>23s}"
    print(f"{heads} {'kept, of those made':>20s} {'broken, of all splits':>22s} {'passing':>8s}")
    for line in lines:
        print(_row(line))


def run(rows: Rows, categories: int, splits: int, confidence: float) -> list[Line]:
    """Every level at every risk."""
    found: dict[tuple[str, float], list[Split]] = {}
    for calibration, fresh in _halves(len(rows.inside), splits):
        for risk in RISKS:
            levels = promise_levels(rows.part(calibration), categories, risk, confidence)
            for level, split in _observed(levels, rows.part(fresh)).items():
                found.setdefault((level, risk), []).append(split)
    return [_line(level, risk, found[level, risk]) for level in LEVELS for risk in RISKS]


def plot(lines: list[Line], path: Path) -> None:
    """Observed against promised risk, as an SVG."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    top = max(RISKS) * 1.1
    axes.plot([0, top], [0, top], color="0.6", linestyle="--", label="promised")
    for level in LEVELS:
        shown = [line for line in lines if line.level == level and line.made]
        means = [line.observed for line in shown]
        spread = [[line.observed - line.low for line in shown], [line.high - line.observed for line in shown]]
        axes.errorbar([line.risk for line in shown], means, np.maximum(spread, 0), marker="o", capsize=3, label=level)
    axes.set(xlabel="promised risk", ylabel="observed on fresh messages (mean, 10th to 90th)", xlim=(0, top), ylim=0)
    axes.legend(frameon=False)
    with mpl.rc_context({"svg.hashsalt": "firstline"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
    plt.close(figure)


def _built(pack: Path, cache: Path) -> Built:
    loaded = load_pack(pack)
    return build(loaded, Encoder.load(cache, loaded.encoder, loaded.adapter))


def _halves(count: int, splits: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    random = np.random.default_rng(SEED)
    for _ in range(splits):
        order = random.permutation(count)
        yield order[: count // 2], order[count // 2 :]


def _observed(levels: Levels, fresh: Rows) -> dict[str, Split]:
    keys = tuple(str(number) for number in range(int(fresh.category.max()) + 1))
    policy = levels.policy(keys)
    scope = fresh.in_scope >= np.array([policy.thresholds[str(number)] for number in fresh.category])
    fact = fresh.known & (fresh.best_fact >= policy.fact_threshold)
    together, sure = levels.pooled.threshold, levels.fact.threshold is not None
    pooled = fresh.in_scope >= (1 if together is None else together)
    any_scope = any(levels.category(number).threshold is not None for number in range(len(keys)))
    return {
        "in scope, together": _split(pooled, fresh.right_category, together is not None),
        "in scope, as in force": _split(scope, fresh.right_category, any_scope),
        "fact": _split(fact, fresh.right_fact, sure),
        "local answers": _split(fact & scope, fresh.right_fact, sure and any_scope),
    }


def _split(passing: NDArray[np.bool_], right: NDArray[np.bool_], made: bool) -> Split:
    wrong = Share(int((passing & ~right).sum()), int(passing.sum()))
    return Split(wrong if made else None, len(right))


def _line(level: str, risk: float, splits: list[Split]) -> Line:
    made = [split for split in splits if split.wrong is not None]
    shares = [split.wrong for split in made if split.wrong is not None]
    values = [share.value for share in shares] or [0.0]
    low, high = np.percentile(values, [10, 90])
    return Line(
        level=level,
        risk=risk,
        splits=len(splits),
        made=len(made),
        kept=sum(share.value <= risk for share in shares),
        observed=float(np.mean(values)),
        low=float(low),
        high=float(high),
        passing=float(np.mean([share.n / split.messages for share, split in zip(shares, made, strict=True)] or [0])),
    )


def _row(line: Line) -> str:
    start = f"{line.level:22s} {per_cent(line.risk):>6s} {1 - line.made / line.splits:11.1%}"
    if not line.made:
        return start
    seen = f"{line.observed:.1%} ({line.low:.1%} to {line.high:.1%})"
    broken = (line.made - line.kept) / line.splits
    return f"{start} {seen:>23s} {line.kept / line.made:20.1%} {broken:22.1%} {line.passing:8.1%}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Chosen against observed risk, over random splits.")
    parser.add_argument("--pack", type=Path, default=Path("packs/support"))
    parser.add_argument("--cache", type=Path, help="where the encoder's export lives; a temporary folder by default")
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--confidence", type=float, default=0.9)
    parser.add_argument("--plot", type=Path, help="write observed against promised risk to this SVG")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
