"""Messages with the router's scores and the truth, for benchmarks that simulate what happens after the decision."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from router.model.corpus import UNKNOWN, build_corpus
from router.model.ngrams import spell
from router.model.train import train
from router.pack.labelled import Labelled, read_labelled
from router.pack.source import Source
from router.router import Router
from router.text.clean import clean
from router.training.artefact import artefact_folder
from router.types import Scores, least_sure

NONE = -1  # in `truth`: no fact of the pack answers


@dataclass(frozen=True)
class Traffic:
    """m messages, all (m,) but `vectors` (m, d): what the router says of each, and whether it is right.

    `category` and `fact` are indices of the router's likeliest ones, `truth` the right fact's or NONE, `right` whether
    the likeliest fact answers, `local` whether the policy sends the message to the local model.
    """

    text: NDArray[np.str_]
    vectors: NDArray[np.float32]
    category: NDArray[np.int64]
    fact: NDArray[np.int64]
    in_scope: NDArray[np.float64]
    best_fact: NDArray[np.float64]
    no_fact: NDArray[np.float64]
    truth: NDArray[np.int64]
    right: NDArray[np.bool_]
    local: NDArray[np.bool_]

    def only(self, rows: NDArray[np.int64]) -> "Traffic":
        """These rows, in this order."""
        return Traffic(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def taught(router: Router, cache: Path) -> Traffic:
    """The pack's own questions, out-of-scope and calibration messages, with scores from models that never saw them.

    Category examples are left out: their fact is not known. Kept in `cache`, for it trains five folds (a minute or
    two).
    """
    trained = artefact_folder(cache, router.pack.content_hash, router.encoder.fingerprint)
    place = cache / f"traffic-{trained.name}-{router.policy.version}.npz"
    try:
        with np.load(place, allow_pickle=False) as arrays:
            return Traffic(**arrays)
    except (OSError, ValueError, TypeError, BadZipFile):
        traffic = _taught(router)
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(place, **asdict(traffic))
        return traffic


def held_out(router: Router, names: Sequence[str]) -> Traffic:
    """The messages of these files of the pack's `eval` folder, as the router scores them."""
    rows = [row for name in names for row in _labelled(router, name)]
    scores = [router.scores(row.text) for row in rows]
    ids = {fact.id: number for number, fact in enumerate(router.pack.facts)}
    keys = {category.key: number for number, category in enumerate(router.pack.categories)}
    best = [found.facts[0].id if found.facts else "" for found in scores]
    return Traffic(
        text=np.array([row.text for row in rows]),
        vectors=router.encoder.encode([clean(row.text) for row in rows]),
        category=np.array([keys[found.category] for found in scores]),
        fact=np.array([ids.get(name, NONE) for name in best]),
        in_scope=np.array([found.in_scope for found in scores]),
        best_fact=np.array([least_sure(found.facts, found.asked) for found in scores]),
        no_fact=np.array([found.no_fact for found in scores]),
        truth=np.array([ids[row.facts[0]] if row.facts else NONE for row in rows]),
        right=np.array([name in row.facts for name, row in zip(best, rows, strict=True)]),
        local=np.array([_local(router, found) for found in scores]),
    )


def _labelled(router: Router, name: str) -> tuple[Labelled, ...]:
    source = Source.read(router.pack.folder / "eval" / name, "Write held-out messages first.")
    keys = frozenset(category.key for category in router.pack.categories)
    return read_labelled(source, keys, frozenset(fact.id for fact in router.pack.facts))


def _local(router: Router, scores: Scores) -> bool:
    best = least_sure(scores.facts, scores.asked)
    return scores.in_scope >= router.policy.threshold(scores.category) and best >= router.policy.fact_threshold


def _taught(router: Router) -> Traffic:
    corpus = build_corpus(router.pack)
    texts = [clean(text) for text in corpus.texts]
    vectors = router.encoder.encode(texts)
    known = corpus.message & corpus.answers.any(axis=1)
    trained = train(replace(corpus, calibration=known), vectors, spell(texts))
    held, evidence, calibration = trained.held, trained.evidence, router.classifier.calibration
    facts = calibration.facts(evidence, corpus.fact_category)
    category = calibration.categories(evidence, facts, corpus.fact_category).argmax(axis=1)
    best, in_scope = facts[:, :-1].argmax(axis=1), calibration.in_scope(evidence)
    thresholds = np.array([router.policy.threshold(one.key) for one in router.pack.categories])
    best_fact = facts[np.arange(len(held)), best]
    return Traffic(
        text=np.array([corpus.texts[row] for row in held]),
        vectors=vectors[held],
        category=category,
        fact=best,
        in_scope=in_scope,
        best_fact=best_fact,
        no_fact=facts[:, -1],
        truth=np.where(corpus.fact[held] == UNKNOWN, NONE, corpus.fact[held]),
        right=corpus.answers[held, best],
        local=(in_scope >= thresholds[category]) & (best_fact >= router.policy.fact_threshold),
    )
