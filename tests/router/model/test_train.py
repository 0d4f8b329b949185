"""Training on a made-up corpus: what calibration messages teach, and what stands for messages out of scope."""

from dataclasses import replace

import numpy as np
import pytest

from router.model.corpus import OUT_OF_SCOPE, UNKNOWN, Corpus
from router.model.ngrams import spell
from router.model.train import Trained, train

CATEGORIES, EACH = 4, 20


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((CATEGORIES, 16))
    rows = np.repeat(centres, EACH, axis=0) + 0.3 * rng.standard_normal((CATEGORIES * EACH, 16))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    category = np.repeat(np.arange(CATEGORIES), EACH)
    return Corpus(
        texts=tuple(f"message {number} of {name}" for number, name in enumerate(category)),
        category=category,
        fact=category,
        answers=np.eye(CATEGORIES + 1, dtype=np.bool_)[category],
        message=np.ones(len(category), np.bool_),
        calibration=np.arange(len(category)) % 2 == 0,
        dialogue=np.zeros(len(category), np.bool_),
        fact_category=np.arange(CATEGORIES),
    )


def _train(corpus: Corpus, vectors: np.ndarray, **options: bool) -> Trained:
    return train(corpus, vectors, spell(corpus.texts), **options)


def test_a_stranger_was_not_taught_the_dialogues(corpus: Corpus, vectors: np.ndarray) -> None:
    dialogue = np.arange(len(corpus.category)) % 5 == 1
    wrong = np.where(dialogue, (corpus.category + 1) % CATEGORIES, corpus.category)
    right, mistaught = (replace(corpus, dialogue=dialogue, category=c, fact=c) for c in (corpus.category, wrong))
    ours, theirs = _train(right, vectors), _train(mistaught, vectors)
    assert not np.allclose(ours.models.dual, theirs.models.dual, atol=0.05)
    assert np.allclose(ours.stranger.dual, theirs.stranger.dual, atol=1e-3)
    assert len(ours.stranger_kept) == len(ours.stranger.rows) == (~dialogue).sum()


def test_calibration_messages_teach_unless_they_are_only_to_calibrate(corpus: Corpus, vectors: np.ndarray) -> None:
    wrong = np.where(corpus.calibration, (corpus.category + 1) % CATEGORIES, corpus.category)
    other = replace(corpus, category=wrong, fact=wrong)
    taught, mistaught = _train(corpus, vectors).models, _train(other, vectors).models
    assert not np.allclose(taught.dual, mistaught.dual, atol=0.05)
    apart, unmoved = (_train(each, vectors, learn_calibration=False) for each in (corpus, other))
    assert np.allclose(apart.models.dual, unmoved.models.dual, atol=1e-4)
    assert np.allclose(apart.models.spelling, unmoved.models.spelling)
    assert not corpus.calibration[apart.kept].any()


def test_without_messages_out_of_scope_categories_left_out_stand_for_them(corpus: Corpus, vectors: np.ndarray) -> None:
    for options in ({}, {"learn_calibration": False}):
        trained = _train(corpus, vectors, **options)
        scope = trained.calibration.in_scope(trained.evidence)
        assert np.median(scope) > 0.8
        strange = replace(trained.evidence, categories=trained.evidence.categories * 0, near_known=scope * 0)
        assert trained.calibration.in_scope(strange).max() < np.median(scope)


def test_rows_in_scope_come_first(corpus: Corpus, vectors: np.ndarray) -> None:
    category = np.where(np.arange(len(corpus.category)) % 5 == 0, OUT_OF_SCOPE, corpus.category)
    models = _train(replace(corpus, category=category), vectors).models
    assert (models.category[: models.known] != OUT_OF_SCOPE).all()
    assert (models.category[models.known :] == OUT_OF_SCOPE).all()


def test_near_misses_are_told_from_what_a_fact_answers(corpus: Corpus, vectors: np.ndarray) -> None:
    """A fifth of each category lies to one side of it, and no fact answers these."""
    missed = np.arange(len(corpus.category)) % 5 == 0
    answers = np.where(missed[:, None], np.eye(CATEGORIES + 1, dtype=np.bool_)[CATEGORIES], corpus.answers)
    aside = vectors + 0.7 * missed[:, None] * np.eye(16, dtype=np.float32)[0]
    aside = (aside / np.linalg.norm(aside, axis=1, keepdims=True)).astype(np.float32)
    known = replace(corpus, answers=answers, fact=np.where(missed, UNKNOWN, corpus.fact))
    trained = _train(known, aside)
    assert (trained.models.unanswerable == known.unanswerable[trained.kept]).all()
    no_fact = trained.calibration.facts(trained.evidence, known.fact_category)[:, -1]
    assert no_fact[missed[trained.held]].mean() > 0.6
    assert no_fact[~missed[trained.held]].mean() < 0.3
    row = int(missed.nonzero()[0][1])
    alone = trained.models.evidence(trained.models.similarity(aside[row]), spell([known.texts[row]])[0])
    assert alone.near_unanswerable[0] == pytest.approx(1.0, abs=1e-5)
    assert alone.unanswerable[0].argmax() == known.category[row]
