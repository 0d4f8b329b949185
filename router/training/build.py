"""Train everything for a pack: the one path from its texts to thresholds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.encoder.encoder import Encoder
from router.model.classifier import Classifier, Vocabulary
from router.model.corpus import Corpus, build_corpus
from router.model.ngrams import spell
from router.model.train import Trained, train
from router.pack.load import Pack
from router.policy.thresholds import Held, Thresholds, choose_thresholds, default_policy
from router.text.clean import clean
from router.text.followup import FollowUpModel, unlearnt
from router.training.artefact import Artefact
from router.training.followup_fit import fit_follow_up
from router.training.rows import rows_of


@dataclass(frozen=True, slots=True)
class Built:
    """An artefact, and what it was made from."""

    artefact: Artefact
    corpus: Corpus
    trained: Trained


def build(pack: Pack, encoder: Encoder) -> Built:
    """Embed, train, calibrate: seconds for a few hundred messages, a minute for fifteen thousand."""
    corpus = build_corpus(pack)
    texts = [clean(text) for text in corpus.texts]
    trained = train(corpus, encoder.encode(texts), spell(texts))
    classifier = Classifier(trained.models, trained.calibration, _vocabulary(pack, corpus, trained.kept))
    stranger = Classifier(trained.stranger, trained.calibration, _vocabulary(pack, corpus, trained.stranger_kept))
    policy = default_policy(pack, thresholds_of(corpus, trained))
    return Built(Artefact(classifier, policy, _follow_up(pack, encoder, stranger)), corpus, trained)


def _follow_up(pack: Pack, encoder: Encoder, stranger: Classifier) -> FollowUpModel:
    """How this pack's follow-ups are told, from its dialogues where there are enough. `stranger` was not taught these,
    or its readings would look surer than they are of a stranger's message.
    """
    learnt = fit_follow_up(pack.dialogues, pack.calibration, stranger.scores, encoder.encode, pack.rules)
    return learnt or unlearnt(pack.rules)


def thresholds_of(corpus: Corpus, trained: Trained) -> Thresholds:
    """The thresholds that the out-of-fold scores call for."""
    rows = rows_of(corpus, trained)
    return choose_thresholds(Held(rows.in_scope, rows.best_fact, rows.inside))


def _vocabulary(pack: Pack, corpus: Corpus, kept: NDArray[np.int64]) -> Vocabulary:
    return Vocabulary(
        texts=tuple(corpus.texts[row] for row in kept),
        categories=tuple(category.key for category in pack.categories),
        fact_ids=tuple(fact.id for fact in pack.facts),
        fact_texts=tuple(fact.text for fact in pack.facts),
        fact_category=corpus.fact_category,
    )
