"""What learning from outcomes is worth: a simulated local model that is bad at some kinds of question.

    python -m bench.outcomes [--pack packs/support] [--cache DIR] [--seeds 10] [--keep 0.8] [--json] [--plot FILE]

The model fails on every question of 12 facts drawn by the seed, half the time on messages of more than 20 words, and
else once in twenty. It answers what the policy keeps local of the pack's own messages, in random order, and each answer
is judged. Held-out messages that the policy keeps are then ranked, and the best-ranked share is answered here: what is
wrong of these, by how many outcomes were seen. Two truths: the model's own failures, and those together with the
router's (a wrong fact is a wrong answer, however well it is worded). Intervals: 95 %, bootstrap over seeds.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.traffic import Traffic, held_out, taught
from router.outcomes.model import Judged, OutcomeModel, logits
from router.outcomes.verdicts import Outcome, OutcomeSource, TooFew, fit_outcomes
from router.pack.load import Pack
from router.router import Router
from router.text.clean import clean

SIZES = (0, 50, 100, 200, 400, 800, 1500)
BASELINES = ("category score", "fact score", "the best possible")
TRUTHS = {"model": "the model's own failures", "answer": "these, or the wrong fact"}
BAD_FACTS, LONG_WORDS, LONG_GOOD, GOOD = 12, 20, 0.5, 0.95
DRAWS = 2000
Curves = dict[str, dict[str, list[float]]]


@dataclass(frozen=True, slots=True)
class Known:
    """Stands for the encoder: the vectors of messages that were embedded before."""

    vectors: Mapping[str, NDArray[np.float32]]

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """(len(texts), d)."""
        return np.stack([self.vectors[text] for text in texts])


@dataclass(frozen=True, slots=True)
class Bench:
    """The messages to learn from, those to judge on (both kept local by the policy), and the pack's names."""

    seen: Traffic
    unseen: Traffic
    known: Known
    pack: Pack
    keep: float

    def run(self, seeds: int) -> Curves:
        """Wrong-local rates by truth and by row of the table, one a seed."""
        curves: Curves = {truth: {} for truth in TRUTHS}
        for seed in range(seeds):
            chance = np.random.default_rng(seed)
            bad = chance.choice(len(self.pack.facts), BAD_FACTS, replace=False)
            words = [simulated(traffic, bad, chance) for traffic in (self.seen, self.unseen)]
            order = chance.permutation(len(self.seen.text))
            for truth, rows in curves.items():
                goods = [
                    g & t.right if truth == "answer" else g
                    for g, t in zip(words, (self.seen, self.unseen), strict=True)
                ]
                for name, rate in self._rates(goods[0], goods[1], order).items():
                    rows.setdefault(name, []).append(rate)
        return curves

    def _rates(
        self, seen_good: NDArray[np.bool_], good: NDArray[np.bool_], order: NDArray[np.int64]
    ) -> dict[str, float]:
        ranks = (self.unseen.in_scope, self.unseen.best_fact, good.astype(np.float64))
        rates = {name: self._wrong(rank, good) for name, rank in zip(BASELINES, ranks, strict=True)}
        for size in SIZES:
            outcomes = self._outcomes(order[:size], seen_good)
            model = fit_outcomes(outcomes, self.known)
            rank = self.unseen.in_scope if isinstance(model, TooFew) else self._chances(model)
            rates[f"{size} outcomes"] = self._wrong(rank, good)
        return rates

    def _wrong(self, rank: NDArray[np.float64], good: NDArray[np.bool_]) -> float:
        """Of the best-ranked share the part that is answered badly."""
        kept = np.argsort(-rank, kind="stable")[: round(self.keep * len(rank))]
        return float(1 - good[kept].mean())

    def _outcomes(self, rows: NDArray[np.int64], good: NDArray[np.bool_]) -> list[Outcome]:
        seen, facts, categories = self.seen, self.pack.facts, self.pack.categories
        return [
            Outcome(
                text=str(seen.text[row]),
                category=categories[seen.category[row]].key,
                fact_id=facts[seen.fact[row]].id,
                in_scope=float(seen.in_scope[row]),
                best_fact=float(seen.best_fact[row]),
                no_fact=float(seen.no_fact[row]),
                good=bool(good[row]),
                source=OutcomeSource.FEEDBACK,
            )
            for row in rows
        ]

    def _chances(self, model: OutcomeModel) -> NDArray[np.float64]:
        unseen = self.unseen
        keys, ids = [one.key for one in self.pack.categories], [fact.id for fact in self.pack.facts]
        judged = Judged(
            logits(np.stack([unseen.in_scope, unseen.best_fact, unseen.no_fact], axis=1)),
            _indices(model.categories, [keys[number] for number in unseen.category]),
            _indices(model.fact_ids, [ids[number] for number in unseen.fact]),
            unseen.vectors,
        )
        return model.chances(judged)


def main() -> None:
    """Print the curve."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        cache = options.cache or Path(scratch)
        router = Router.open(options.pack, cache)
        seen, unseen = taught(router, cache), held_out(router, ("messages.jsonl", "questions.jsonl"))
    seen, unseen = (traffic.only(np.flatnonzero(traffic.local)) for traffic in (seen, unseen))
    known = Known({clean(str(text)): vector for text, vector in zip(seen.text, seen.vectors, strict=True)})
    curves = Bench(seen, unseen, known, router.pack, options.keep).run(options.seeds)
    table = {truth: {name: interval(rates) for name, rates in rows.items()} for truth, rows in curves.items()}
    if options.json:
        print(json.dumps({"keep": options.keep, "seeds": options.seeds, "wrong_local": table}, indent=1))
    else:
        _print(table, len(unseen.text), options.keep)
    if options.plot:
        plot(table, options.plot)


def simulated(traffic: Traffic, bad: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.bool_]:
    """(m,): whether the simulated model answers each message well."""
    long = np.array([len(str(text).split()) > LONG_WORDS for text in traffic.text])
    lucky = chance.random(len(long)) < np.where(long, LONG_GOOD, GOOD)
    return np.asarray(lucky & ~np.isin(traffic.truth, bad))


def interval(rates: Sequence[float]) -> dict[str, float]:
    """Mean and its bootstrap interval."""
    values, chance = np.array(rates), np.random.default_rng(0)
    means = values[chance.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return {"value": round(float(values.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def plot(table: Mapping[str, Mapping[str, Mapping[str, float]]], path: Path) -> None:
    """Write the curves as a picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(table), figsize=(9, 3.6), layout="constrained")
    places = range(len(SIZES))  # evenly spaced: each is about twice the one before
    for axis, (truth, rows) in zip(axes, table.items(), strict=True):
        points = [rows[f"{size} outcomes"] for size in SIZES]
        values, lows, highs = (np.array([point[key] for point in points]) for key in ("value", "low", "high"))
        axis.plot(places, values, marker="o", label="learnt from outcomes")
        axis.fill_between(places, lows, highs, alpha=0.2)
        for name, style in zip(BASELINES, ("--", ":", "-."), strict=True):
            axis.axhline(rows[name]["value"], color="grey", linestyle=style, label=name)
        axis.set(xlabel="outcomes seen", title=TRUTHS[truth])
        axis.set_xticks(places, [str(size) for size in SIZES])
    axes[0].set_ylabel("wrong, of local answers")
    axes[0].legend(fontsize="small")
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _indices(names: Sequence[str], wanted: Sequence[str]) -> NDArray[np.int64]:
    index = {name: number for number, name in enumerate(names)}
    return np.array([index.get(name, -1) for name in wanted])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What learning from outcomes is worth.")
    parser.add_argument("--pack", type=Path, default=Path("packs/support"))
    parser.add_argument("--cache", type=Path, help="where the trained router lives; a temporary folder by default")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--keep", type=float, default=0.8, help="share of the policy's local messages that stay local")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, help="write the curves to this picture")
    return parser.parse_args()


def _print(table: Mapping[str, Mapping[str, Mapping[str, float]]], messages: int, keep: float) -> None:
    print(f"wrong, of local answers; {keep:.0%} of {messages} held-out messages kept local")
    print(f"{'ranked by':20s} " + " ".join(f"{words:>26s}" for words in TRUTHS.values()))
    for name in table["model"]:
        cells = [table[truth][name] for truth in TRUTHS]
        print(
            f"{name:20s} " + " ".join(f"{c['value']:10.1%} [{c['low']:.1%}, {c['high']:.1%}]".rjust(26) for c in cells)
        )


if __name__ == "__main__":
    main()
