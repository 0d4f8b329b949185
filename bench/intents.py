"""Published intent sets as the router's own corpora, and a router trained on one."""

import csv
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from localmodel.atomic_files import write_folder
from router.arrays import Vectors
from router.encoder.encoder import Encoder, shipped_model
from router.encoder.lora import Recipe, tune
from router.model.classifier import Classifier, Vocabulary
from router.model.corpus import OUT_OF_SCOPE, Corpus
from router.model.ngrams import spell
from router.model.train import Trained, train
from router.text.clean import clean
from router.types import Scores

Ints = NDArray[np.int64]


class Encodes(Protocol):
    """Whatever turns texts into unit vectors."""

    def encode(self, texts: list[str]) -> Vectors:
        """(len(texts), d)."""

    def encode_one(self, text: str) -> Vectors:
        """(d,)."""


class Remembering:
    """An encoder that encodes no text twice; for figures, not for times."""

    def __init__(self, encoder: Encodes) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def encode(self, texts: list[str]) -> Vectors:
        """(len(texts), d)."""
        return np.stack([self.encode_one(text) for text in texts])

    def encode_one(self, text: str) -> Vectors:
        """(d,)."""
        if text not in self._known:
            self._known[text] = self._encoder.encode_one(text)
        return self._known[text]


@dataclass(frozen=True, slots=True)
class Messages:
    """Texts with the index of their intent, OUT_OF_SCOPE for out of scope."""

    texts: tuple[str, ...]
    intents: Ints

    def only(self, mask: NDArray[np.bool_]) -> "Messages":
        """The marked ones."""
        return Messages(tuple(self.texts[i] for i in np.flatnonzero(mask)), self.intents[mask])

    def __add__(self, other: "Messages") -> "Messages":
        return Messages(self.texts + other.texts, np.concatenate([self.intents, other.intents]))


@dataclass(frozen=True, slots=True)
class IntentSet:
    """A published set: what to train on, what to calibrate on, and what to measure on."""

    names: tuple[str, ...]
    train: Messages
    calibration: Messages
    test: Messages


def clinc150(path: Path) -> IntentSet:
    """CLINC150 (Larson et al. 2019): its own training, validation and test parts, out-of-scope among them."""
    data = json.loads(path.read_text(encoding="utf-8"))
    names = tuple(sorted({intent for _, intent in data["train"]}))
    index = {name: number for number, name in enumerate(names)} | {"oos": OUT_OF_SCOPE}

    def part(*keys: str) -> Messages:
        rows = [row for key in keys for row in data[key]]
        return Messages(tuple(text for text, _ in rows), np.array([index[intent] for _, intent in rows]))

    return IntentSet(names, part("train", "oos_train"), part("val", "oos_val"), part("test", "oos_test"))


def banking77(folder: Path, calibration_share: float = 0.1, seed: int = 0) -> IntentSet:
    """BANKING77 (Casanueva et al. 2020). It has no validation part: a tenth of the training part is taken."""

    def read(name: str) -> list[tuple[str, str]]:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return [(row["text"], row["category"]) for row in csv.DictReader(file)]

    rows, held = read("train"), read("test")
    names = tuple(sorted({intent for _, intent in rows}))
    index = {name: number for number, name in enumerate(names)}
    known, test = (
        Messages(tuple(text for text, _ in part), np.array([index[intent] for _, intent in part]))
        for part in (rows, held)
    )
    apart = np.random.default_rng(seed).random(len(known.texts)) < calibration_share
    return IntentSet(names, known.only(~apart), known.only(apart), test)


def few_shot(data: IntentSet, examples: int, seed: int = 0) -> IntentSet:
    """The set with so many training messages an intent; out-of-scope ones all stay."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(data.train.texts))
    keep = np.zeros(len(order), np.bool_)
    keep[data.train.intents == OUT_OF_SCOPE] = True
    for intent in range(len(data.names)):
        keep[order[data.train.intents[order] == intent][:examples]] = True
    return IntentSet(data.names, data.train.only(keep), data.calibration, data.test)


def held_out_intents(data: IntentSet, hidden: Ints) -> IntentSet:
    """The set whose `hidden` intents are taught nowhere and are out of scope in the test part: near misses.

    Real out-of-scope messages leave the test part, so that only the near misses are measured.
    """
    left = np.setdiff1d(np.arange(len(data.names)), hidden)
    renumber = np.full(len(data.names) + 1, OUT_OF_SCOPE)  # OUT_OF_SCOPE, -1, is the last
    renumber[left] = np.arange(len(left))

    def without(part: Messages) -> Messages:
        shown = part.only(~np.isin(part.intents, hidden))
        return Messages(shown.texts, renumber[shown.intents])

    test = data.test.only(data.test.intents != OUT_OF_SCOPE)
    return IntentSet(
        tuple(data.names[i] for i in left),
        without(data.train),
        without(data.calibration),
        Messages(test.texts, renumber[test.intents]),
    )


def corpus_of(data: IntentSet) -> Corpus:
    """Every intent a category with one fact, which its messages teach."""
    rows = data.train + data.calibration
    count, inside = len(data.names), rows.intents != OUT_OF_SCOPE
    answers = np.eye(count + 1, dtype=np.bool_)[np.where(inside, rows.intents, count)]
    return Corpus(
        texts=rows.texts,
        category=rows.intents,
        fact=rows.intents,  # OUT_OF_SCOPE is UNKNOWN: no fact to learn from
        answers=answers,
        message=np.ones(len(rows.texts), np.bool_),
        calibration=np.arange(len(rows.texts)) >= len(data.train.texts),
        dialogue=np.zeros(len(rows.texts), np.bool_),
        fact_category=np.arange(count),
    )


@dataclass(frozen=True, slots=True)
class Fitted:
    """A router trained on a set, and the out-of-fold scores of its calibration part."""

    classifier: Classifier
    corpus: Corpus
    trained: Trained


def fit(data: IntentSet, encoder: Encodes) -> Fitted:
    """The product's own training on the set; the calibration part teaches nothing, it calibrates."""
    corpus = corpus_of(data)
    texts = [clean(text) for text in corpus.texts]
    trained = train(corpus, encoder.encode(texts), spell(texts), learn_calibration=False)
    shown = tuple(texts[row] for row in trained.kept)
    names = Vocabulary(shown, data.names, data.names, data.names, corpus.fact_category)
    return Fitted(Classifier(trained.models, trained.calibration, names), corpus, trained)


def tuned_encoder(data: IntentSet, cache: Path, say: Callable[[str], None]) -> Encoder:
    """The shipped encoder tuned on the training part alone; kept under `cache` for the next run."""
    digest = hashlib.sha256("\0".join((*data.train.texts, *map(str, data.train.intents))).encode()).hexdigest()[:16]
    adapter = cache / f"tuned-{digest}"
    if not adapter.is_dir():
        say(f"tuning on {len(data.train.texts)} messages …")
        head = np.where(data.train.intents == OUT_OF_SCOPE, len(data.names), data.train.intents)
        texts = [clean(text) for text in data.train.texts]
        write_folder(adapter, lambda fresh: tune(shipped_model(), texts, [head], fresh, Recipe(), _every_100(say)))
    return Encoder.load(cache, None, adapter)


def scores_of(texts: Sequence[str], classifier: Classifier, encoder: Encodes) -> list[Scores]:
    """What the classifier says of each text, as in the product."""
    messages = [clean(text) for text in texts]
    return [classifier.scores(message, encoder.encode_one(message)) for message in messages]


def _every_100(say: Callable[[str], None]) -> Callable[[int, int, float], None]:
    return lambda step, steps, loss: say(f"step {step} of {steps}, loss {loss:.3f}") if step % 100 == 0 else None
