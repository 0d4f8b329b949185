"""The router on published intent sets, compared with semantic-router.

    firstline bench router --clinc data_full.json --banking FOLDER [--json]

Trained on the training part alone, encoder included, calibrated on the validation part alone. The out-of-scope
threshold is the highest that leaves 96 % of the validation part's in-scope messages right. Tuning takes about twelve
minutes of two cores a set, once; tuned encoders are kept in the benchmark's cache. Without a path, its set is left out.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from bench.domains import DOMAINS
from bench.intents import (
    Encodes,
    Fitted,
    IntentSet,
    Messages,
    Remembering,
    banking77,
    clinc150,
    few_shot,
    fit,
    held_out_intents,
    scores_of,
    tuned_encoder,
)
from router.arrays import Floats
from router.encoder.encoder import Encoder
from router.model.classifier import Classifier
from router.model.corpus import OUT_OF_SCOPE
from router.model.ngrams import spell
from router.plain import plain
from router.policy.policy import Policy, decide
from router.stats import Z95, Share
from router.text.clean import clean
from router.types import Circumstances

PEER = "semantic-router==1.1.1"
PEER_MESSAGES = (450, 200)  # in scope and out of it, seeded; all of them would take the peer a quarter of an hour
RIGHT_ON_VALIDATION = 0.96  # a point above what is asked for, as room for chance
CACHE = Path(tempfile.gettempdir()) / "firstline-bench" / "router"
DRAWS = 3  # of held-out intents
TUNED_DRAWS = 1  # of these with an encoder tuned for the draw, which takes minutes
HIDDEN = 27  # of BANKING77's intents
CONNECTED = Circumstances(cloud_connected=True)
Row = dict[str, Any]


def run(clinc: Path | None, banking: Path | None, *, as_json: bool) -> None:
    """Measure and print."""
    report: Row = {}
    base = Encoder.load(CACHE)
    if clinc:
        report["clinc150"] = measure_clinc(clinc150(clinc), base)
    if banking:
        report["banking77"] = measure_banking(banking77(banking), base)
    if clinc:
        report["clinc150, near misses"] = domains(clinc150(clinc), base)
    if banking:
        report["banking77, near misses"] = near_misses(banking77(banking), base)
    if as_json:
        print(json.dumps(plain(report), indent=1))
        return
    for name, rows in report.items():
        print(f"\n{name}")
        for key, row in rows.items():
            print(f"  {key}: " + ", ".join(f"{name} {_show(value)}" for name, value in row.items()))


def measure_clinc(data: IntentSet, base: Encoder) -> dict[str, Row]:
    """Frozen and tuned encoder, ten examples per intent, and semantic-router."""
    tuned = tuned_encoder(data, CACHE, say)
    few = few_shot(data, 10)
    return {
        "frozen encoder": measure(data, base),
        "tuned encoder": measure(data, tuned),
        "ten examples, frozen": measure(few, base),
        "ten examples, tuned": measure(few, tuned_encoder(few, CACHE, say)),
        PEER: peer(data, base),
    }


def measure_banking(data: IntentSet, base: Encoder) -> dict[str, Row]:
    """Frozen and tuned encoder on all intents."""
    return {
        "frozen encoder": measure(data, base),
        "tuned encoder": measure(data, tuned_encoder(data, CACHE, say)),
    }


def measure(data: IntentSet, encoder: Encoder) -> Row:
    """Accuracy, out-of-scope figures, times and memory of one router."""
    began = time.perf_counter()
    fitted = fit(data, encoder)
    trained_s = time.perf_counter() - began
    inside = data.test.intents != OUT_OF_SCOPE
    scores = scores_of(data.test.texts, fitted.classifier, encoder)
    right = np.array([s.category for s in scores]) == np.array([*data.names, ""])[data.test.intents]
    row: Row = {"accuracy": _share(right[inside])}
    if not inside.all():
        scope, threshold = np.array([s.in_scope for s in scores]), threshold_of(fitted)
        row |= scope_figures(scope, inside) | {
            "threshold": threshold,
            "accuracy at it": _share((right & (scope >= threshold))[inside]),
            "out-of-scope recall at it": _share((scope < threshold)[~inside]),
        }
    return row | _times(data, fitted.classifier, encoder) | {"training s": trained_s, "memory MiB": _memory_mib()}


def threshold_of(fitted: Fitted) -> float:
    """The highest in-scope threshold that leaves `RIGHT_ON_VALIDATION` of the calibration part's in-scope
    messages right, on out-of-fold scores.
    """
    held, evidence, calibration = fitted.trained.held, fitted.trained.evidence, fitted.trained.calibration
    category, fact_category = fitted.corpus.category[held], fitted.corpus.fact_category
    facts = calibration.facts(evidence, fact_category)
    right = calibration.categories(evidence, facts, fact_category).argmax(axis=1) == category
    inside = category != OUT_OF_SCOPE
    kept = np.sort(np.where(right, calibration.in_scope(evidence), 0.0)[inside])[::-1]
    return float(kept[min(int(np.ceil(RIGHT_ON_VALIDATION * len(kept))), len(kept)) - 1])


def scope_figures(scope: Floats, inside: NDArray[np.bool_]) -> Row:
    from sklearn.metrics import roc_auc_score

    low, high = _auroc_interval(scope[inside], scope[~inside])
    at_95 = np.quantile(scope[inside], 0.05)
    return {
        "AUROC": float(roc_auc_score(inside, scope)),
        "AUROC low": low,
        "AUROC high": high,
        "false positives at 95 % true": float((scope[~inside] >= at_95).mean()),
    }


def _auroc_interval(inside: Floats, outside: Floats) -> tuple[float, float]:
    """95 % interval of the area (Hanley and McNeil 1982)."""
    n, m = len(inside), len(outside)
    ranks = np.searchsorted(np.sort(outside), inside)
    area = float(ranks.sum() / (n * m))
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    error = ((area * (1 - area) + (n - 1) * (q1 - area**2) + (m - 1) * (q2 - area**2)) / (n * m)) ** 0.5
    return area - Z95 * error, min(1.0, area + Z95 * error)


def domains(data: IntentSet, base: Encoder) -> dict[str, Row]:
    """CLINC150, one domain at a time left out of training with all its intents; frozen encoder."""
    index = {name: number for number, name in enumerate(data.names)}
    encoder = Remembering(base)
    return {
        domain: _near_miss(data, np.array([index[name] for name in intents.split()]), encoder)
        for domain, intents in DOMAINS.items()
    }


def near_misses(data: IntentSet, base: Encoder) -> dict[str, Row]:
    """BANKING77 with 27 intents left out of training, several draws."""
    rows: dict[str, Row] = {}
    frozen = Remembering(base)
    for draw in range(DRAWS):
        hidden = np.random.default_rng(draw).permutation(len(data.names))[:HIDDEN]
        rows[f"draw {draw}, frozen"] = _near_miss(data, hidden, frozen)
        if draw < TUNED_DRAWS:
            encoder = tuned_encoder(held_out_intents(data, hidden), CACHE, say)
            rows[f"draw {draw}, tuned"] = _near_miss(data, hidden, encoder)
    return rows


def _near_miss(data: IntentSet, hidden: NDArray[np.int64], encoder: Encodes) -> Row:
    """The combined score beside every single signal; out of scope are the hidden intents alone."""
    shown = held_out_intents(data, hidden)
    fitted = fit(shown, encoder)
    inside = shown.test.intents != OUT_OF_SCOPE
    signals: dict[str, list[float]] = {}
    for text in shown.test.texts:
        message = clean(text)
        for name, value in _signals(message, encoder.encode_one(message), fitted).items():
            signals.setdefault(name, []).append(value)
    areas = {name: scope_figures(np.array(values), inside) for name, values in signals.items()}
    combined = areas.pop("in scope")
    return combined | {f"AUROC of {name}": figures["AUROC"] for name, figures in areas.items()}


def _signals(message: str, vector: Any, fitted: Fitted) -> dict[str, float]:
    """The calibrated score, and each thing that goes into it."""
    models = fitted.classifier.models
    evidence = models.evidence(models.similarity(vector), spell([message])[0])
    two = np.sort(evidence.categories[0])[-2:]
    return {
        "in scope": float(fitted.classifier.calibration.in_scope(evidence)[0]),
        "category score": float(two[1]),
        "margin": float(two[1] - two[0]),
        "nearest": float(evidence.near_known[0]),
        "letters": float(evidence.spelled.max()),
    }


def _times(data: IntentSet, classifier: Classifier, encoder: Encoder, count: int = 500) -> Row:
    """Milliseconds of whole decisions, from the text to the route."""
    policy = Policy(dict.fromkeys(data.names, 0.5), 0.0)
    took = []
    for text in _sample(data.test, count, count).texts:
        began = time.perf_counter()
        message = clean(text)
        decide(classifier.scores(message, encoder.encode_one(message)), policy, CONNECTED)
        took.append((time.perf_counter() - began) * 1000)
    return {"decision p50 ms": statistics.median(took), "p95 ms": float(np.quantile(took, 0.95))}


def peer(data: IntentSet, encoder: Encoder) -> Row:
    """semantic-router's IndexedRouter, its defaults, on the same encoder, in a process of its own."""
    messages = _sample(data.test, *PEER_MESSAGES)
    routes = {
        name: [data.train.texts[i] for i in np.flatnonzero(data.train.intents == number)]
        for number, name in enumerate(data.names)
    }
    with tempfile.TemporaryDirectory() as scratch:
        task = Path(scratch) / "task.json"
        task.write_text(json.dumps({"routes": routes, "messages": messages.texts}), encoding="utf-8")
        command = [str(_peer_python()), str(Path(__file__).with_name("peer.py")), str(encoder.folder), str(task)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    inside = messages.intents != OUT_OF_SCOPE
    right = np.array([a["route"] for a in found["answers"]]) == np.array([*data.names, ""])[messages.intents]
    took = [answer["ms"] for answer in found["answers"]]
    return {
        "accuracy": _share(right[inside]),
        **scope_figures(np.array([answer["score"] for answer in found["answers"]]), inside),
        "decision p50 ms": statistics.median(took),
        "p95 ms": float(np.quantile(took, 0.95)),
        "training s": found["build_s"],
    }


def _peer_python() -> Path:
    """An environment with the peer in it; numpy and onnxruntime too, for the encoder."""
    folder = CACHE / "peer"
    python = folder / "bin" / "python"
    if not python.exists():
        say(f"installing {PEER} into {folder} …")
        venv.create(folder, with_pip=True)
        packages = [PEER, "onnxruntime", "tokenizers"]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def _sample(part: Messages, inside: int, outside: int, seed: int = 0) -> Messages:
    order = np.random.default_rng(seed).permutation(len(part.texts))
    out_of_scope = part.intents[order] == OUT_OF_SCOPE
    chosen = np.zeros(len(order), np.bool_)
    chosen[np.concatenate([order[~out_of_scope][:inside], order[out_of_scope][:outside]])] = True
    return part.only(chosen)


def _share(hits: NDArray[np.bool_]) -> Share:
    return Share(int(hits.sum()), len(hits))


def _memory_mib() -> float:
    return float(psutil.Process().memory_info().rss / 2**20)


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _show(value: Any) -> str:
    return str(value) if isinstance(value, Share) else f"{value:.4g}"


def main() -> None:
    """The same without the product's command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clinc", type=Path)
    parser.add_argument("--banking", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    run(options.clinc, options.banking, as_json=options.json)


if __name__ == "__main__":
    main()
