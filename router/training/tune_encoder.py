"""`firstline encoder tune`: tune the encoder on a pack, and keep the outcome only if held-out figures improve."""

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from localmodel.atomic_files import write_folder
from router.arrays import Floats
from router.encoder.encoder import Encoder, shipped_model
from router.encoder.lora import IGNORE, Labels, Recipe, Report, tune
from router.model.corpus import OUT_OF_SCOPE, UNKNOWN, Corpus, build_corpus
from router.model.ngrams import spell
from router.model.train import MIN_TRAFFIC, SEED, Trained, train
from router.pack.load import ENCODER_FOLDER, Pack
from router.text.clean import clean

CARD = "card.json"
_HELD_SHARE = 5  # without labelled traffic, every fifth message is held back from tuning


@dataclass(frozen=True, slots=True)
class Quality:
    """What a router trained on one encoder does with held-out messages; shares from 0 to 1.

    `log_loss` (nats a message, of scope and fact together) is what decides; the others are for people.
    """

    messages: int
    category_right: float
    fact_right: float
    scope_auroc: float
    log_loss: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """The same router before and after; `kept` when the tuned encoder is the better one."""

    before: Quality
    after: Quality
    kept: bool


def tune_pack(pack: Pack, cache_dir: Path | str, recipe: Recipe, report: Report) -> Tuned:
    """Tune the pack's encoder on all but the held-out messages; write `<pack>/encoder` if that is better.

    Held out are the calibration messages or, when they are too few, a fifth of all. Raises EncoderError.
    """
    corpus = _with_held_out(build_corpus(pack))
    texts = [clean(text) for text in corpus.texts]
    learnt = np.flatnonzero(~corpus.calibration)
    heads = [head[learnt] for head in _heads(corpus)]
    model = pack.encoder or shipped_model()
    with tempfile.TemporaryDirectory() as scratch:
        adapter = Path(scratch) / "adapter"
        before = _quality(corpus, texts, Encoder.load(cache_dir, pack.encoder))
        tune(model, [texts[row] for row in learnt], heads, adapter, recipe, report)
        after = _quality(corpus, texts, Encoder.load(Path(scratch), pack.encoder, adapter))
        outcome = Tuned(before, after, after.log_loss < before.log_loss)
        if outcome.kept:
            write_folder(pack.folder / ENCODER_FOLDER, lambda fresh: _write(adapter, outcome, recipe, fresh))
    return outcome


def _with_held_out(corpus: Corpus) -> Corpus:
    if corpus.calibration.sum() >= MIN_TRAFFIC:
        return corpus
    rows = np.random.default_rng(SEED).permutation(np.flatnonzero(corpus.message))
    held = np.zeros_like(corpus.calibration)
    held[rows[::_HELD_SHARE]] = True
    return replace(corpus, calibration=held | corpus.calibration)


def _heads(corpus: Corpus) -> tuple[Labels, Labels]:
    """Two labellings of all rows: category, out of scope being the last; and fact, with one more class for each
    category that has messages which none of its facts answers.
    """
    category = np.where(corpus.category == OUT_OF_SCOPE, corpus.category.max() + 1, corpus.category)
    fact = np.where(corpus.fact == UNKNOWN, IGNORE, corpus.fact)
    missed = corpus.unanswerable & ~corpus.calibration
    _, number = np.unique(corpus.category[missed], return_inverse=True)
    fact[missed] = len(corpus.fact_category) + number
    return category, fact


def _quality(corpus: Corpus, texts: list[str], encoder: Encoder) -> Quality:
    return quality(corpus, train(corpus, encoder.encode(texts), spell(texts)))


def quality(corpus: Corpus, trained: Trained) -> Quality:
    """The figures of the out-of-fold evidence."""
    from sklearn.metrics import roc_auc_score

    inside, answers = corpus.category[trained.held] != OUT_OF_SCOPE, corpus.answers[trained.held]
    scope = trained.calibration.in_scope(trained.evidence)
    facts = trained.calibration.facts(trained.evidence, corpus.fact_category)
    categories = trained.calibration.categories(trained.evidence, facts, corpus.fact_category)
    answerable = answers[:, :-1].any(axis=1)
    best = facts[answerable, :-1].argmax(axis=1)
    return Quality(
        messages=len(inside),
        category_right=float((categories.argmax(axis=1) == corpus.category[trained.held])[inside].mean()),
        fact_right=float(answers[answerable][np.arange(len(best)), best].mean()) if len(best) else 0.0,
        scope_auroc=float(roc_auc_score(inside, scope)) if 0 < inside.sum() < len(inside) else 1.0,
        log_loss=_log_loss(np.where(inside, scope, 1 - scope)) + _log_loss(_right_mass(facts, answers)),
    )


def _right_mass(facts: Floats, answers: NDArray[np.bool_]) -> Floats:
    """What the right options have of the probability, for the rows of which they are known."""
    known = answers.any(axis=1)
    return np.asarray((facts * answers).sum(axis=1)[known])


def _log_loss(probabilities: Floats) -> float:
    return float(-np.log(np.maximum(probabilities, 1e-9)).mean()) if len(probabilities) else 0.0


def _write(adapter: Path, outcome: Tuned, recipe: Recipe, folder: Path) -> None:
    for path in adapter.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    card = {"recipe": asdict(recipe), "before": asdict(outcome.before), "after": asdict(outcome.after)}
    (folder / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
