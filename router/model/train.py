"""Train the classifiers of a pack: seconds on a laptop, the same result every time."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats, Vectors
from router.model.calibration import Calibration, fit_calibration
from router.model.corpus import OUT_OF_SCOPE, UNKNOWN, Corpus
from router.model.evidence import Evidence, Groups, Models, spelled, split_scores
from router.model.ngrams import Letters, count_letters, fit_spelling
from router.model.ridge import LANDMARKS, Ridge

SEED = 7
FOLDS = 5
MIN_TRAFFIC = 100  # with at least this many labelled messages, they alone calibrate the probabilities
MIN_OUTSIDE = 30  # with fewer labelled out-of-scope messages, held-out categories stand in for them
MAX_ROWS = 16_000  # of more training messages a random sample is kept, so that a decision stays fast


@dataclass(frozen=True, slots=True)
class Trained:
    """The models, their calibration, and the out-of-fold evidence that thresholds may be chosen on.

    `kept` are the corpus rows that the models carry, `held` those that `evidence` is about, in order. `stranger` and
    `stranger_kept` are models that were not taught the dialogues, for which these are still strangers' messages (but
    for a tuned encoder, which knows them).
    """

    models: Models
    kept: NDArray[np.int64]
    stranger: Models
    stranger_kept: NDArray[np.int64]
    calibration: Calibration
    held: NDArray[np.int64]
    evidence: Evidence


def train(corpus: Corpus, vectors: Vectors, letters: Letters, learn_calibration: bool = True) -> Trained:
    """Train on all rows; calibrate on out-of-fold scores, of labelled traffic alone where it suffices.

    Without `learn_calibration` the labelled traffic calibrates and teaches nothing else.
    """
    return _Trainer(corpus, vectors, letters, learn_calibration).run()


def traffic_rows(corpus: Corpus) -> NDArray[np.int64]:
    """The rows that stand for real traffic: the calibration messages, or all when they are too few."""
    enough = corpus.calibration.sum() >= MIN_TRAFFIC
    return np.flatnonzero(corpus.calibration if enough else corpus.message)


class _Trainer:
    def __init__(self, corpus: Corpus, vectors: Vectors, letters: Letters, learn_calibration: bool) -> None:
        self.corpus, self.vectors, self.letters = corpus, vectors, letters
        self.learnt = np.ones(len(vectors), np.bool_) if learn_calibration else ~corpus.calibration
        self.categories, self.facts = int(corpus.category.max()) + 1, len(corpus.fact_category)
        self.kept = _kept(corpus, np.flatnonzero(self.learnt))
        centres = np.flatnonzero(~corpus.dialogue[self.kept])
        self.landmarks = np.sort(centres[_sample(len(centres), LANDMARKS)])
        self.ridge = Ridge(vectors, self._targets(), self.kept[self.landmarks])
        self.taught = np.flatnonzero((corpus.fact != UNKNOWN) & self.learnt)
        self.sums = self._letter_sums(self.taught)

    def run(self) -> Trained:
        held = traffic_rows(self.corpus)
        never = np.flatnonzero(~self.learnt)
        evidence = self._unseen(never, held) if len(never) else self._out_of_fold(held)
        corpus = self.corpus
        calibration = fit_calibration(
            evidence,
            corpus.category[held],
            corpus.answers[held],
            corpus.fact_category,
            strangers=self._strangers(held),
        )
        models = self._models(self.kept, never)
        dialogues = np.flatnonzero(corpus.dialogue | ~self.learnt)
        stranger_kept = self.kept[~np.isin(self.kept, dialogues)]
        stranger = self._models(stranger_kept, dialogues) if corpus.dialogue.any() else models
        return Trained(models, self.kept, stranger, stranger_kept, calibration, held, evidence)

    def _models(self, kept: NDArray[np.int64], without: NDArray[np.int64]) -> Models:
        """Models that carry the rows `kept` and learnt from all but the rows `without`."""
        return Models(
            rows=np.ascontiguousarray(self.vectors[kept]),
            category=self.corpus.category[kept],
            fact=self.corpus.fact[kept],
            unanswerable=self.corpus.unanswerable[kept],
            landmarks=np.flatnonzero(np.isin(kept, self.kept[self.landmarks])),
            dual=np.ascontiguousarray(self.ridge.weights(without), dtype=np.float32),
            spelling=self._spelling(without),
        )

    def _spelling(self, without: NDArray[np.int64]) -> Letters:
        return fit_spelling(self.sums - self._letter_sums(np.intersect1d(without, self.taught)))

    def _targets(self) -> Floats:
        """(n, 2c + 1 + f), as `split_scores` takes them apart: ones for the category or out of scope, and for the fact
        where it is known, or for the category's "none of its facts".
        """
        category, fact, out_of_scope = self.corpus.category, self.corpus.fact, self.categories
        targets = np.zeros((len(category), 2 * self.categories + 1 + self.facts))
        targets[np.arange(len(category)), np.where(category == OUT_OF_SCOPE, out_of_scope, category)] = 1
        none = np.flatnonzero(self.corpus.unanswerable)
        targets[none, out_of_scope + 1 + category[none]] = 1
        known = np.flatnonzero(fact != UNKNOWN)
        targets[known, 2 * out_of_scope + 1 + fact[known]] = 1
        return targets

    def _letter_sums(self, rows: NDArray[np.int64]) -> Floats:
        return count_letters(self.letters[rows], self.corpus.fact[rows], self.facts)

    def _out_of_fold(self, held: NDArray[np.int64]) -> Evidence:
        """Evidence for the rows `held`, each from models that never saw the rows of its fold."""
        folds = _folds(self.corpus.category[held])
        tests = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
        return _merge([(test, self._unseen(held[test], held[test])) for test in tests])

    def _strangers(self, held: NDArray[np.int64]) -> Evidence | None:
        """Evidence for messages of categories that the models were not taught, a fifth of the categories at a
        time: what stands for messages out of scope where too few of them are labelled.
        """
        category = self.corpus.category
        if (category[held] == OUT_OF_SCOPE).sum() >= MIN_OUTSIDE or self.categories <= 2:
            return None
        group = np.random.default_rng(SEED).permutation(self.categories) % min(FOLDS, self.categories)
        strange = ((category != OUT_OF_SCOPE) & (group[category] == number) for number in range(group.max() + 1))
        left = [np.flatnonzero(rows | ~self.learnt) for rows in strange]
        known = held[category[held] != OUT_OF_SCOPE]
        parts = [self._unseen(rows, known[group[category[known]] == number]) for number, rows in enumerate(left)]
        return _merge([(np.arange(len(part.out_of_scope)), part) for part in parts])

    def _unseen(self, without: NDArray[np.int64], rows: NDArray[np.int64]) -> Evidence:
        """Evidence for the corpus rows `rows`, from models fitted without the rows `without`."""
        scores = self.ridge.scores(rows, self.ridge.weights(without))
        known, out_of_scope, unanswerable, facts = self._nearest(without, rows)
        return Evidence(
            *split_scores(scores, self.facts),
            spelled=spelled(self.letters[rows], self._spelling(without)),
            near_known=known,
            near_out_of_scope=out_of_scope,
            near_unanswerable=unanswerable,
            near_facts=facts,
        )

    def _nearest(self, without: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[Floats, ...]:
        others = self.kept[~np.isin(self.kept, without)]
        similarity = self.vectors[rows] @ self.vectors[others].T
        out_of_scope = self.corpus.category[others] == OUT_OF_SCOPE
        known, outside, unanswerable = (
            similarity[:, mask].max(axis=1, initial=-1.0).astype(np.float64)
            for mask in (~out_of_scope, out_of_scope, self.corpus.unanswerable[others])
        )
        facts = Groups.of(self.corpus.fact[others], self.facts).nearest(similarity)
        return known, outside, unanswerable, facts


def _kept(corpus: Corpus, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the `rows` to carry, those in scope first; beyond `MAX_ROWS` a random sample, of dialogues last."""
    order = rows[np.argsort(corpus.dialogue[rows], kind="stable")]
    single = int((~corpus.dialogue[rows]).sum())
    if single < MAX_ROWS < len(rows):
        more = single + _sample(len(rows) - single, MAX_ROWS - single)
        chosen = np.sort(np.concatenate([order[:single], order[more]]))
    else:
        chosen = np.sort(order[_sample(single, MAX_ROWS)]) if single >= MAX_ROWS else rows
    return chosen[np.argsort(corpus.category[chosen] == OUT_OF_SCOPE, kind="stable")]


def _sample(count: int, most: int) -> NDArray[np.int64]:
    if count <= most:
        return np.arange(count)
    return np.random.default_rng(SEED).choice(count, most, replace=False)


def _folds(category: NDArray[np.int64]) -> NDArray[np.int64]:
    """A fold for each row, every category dealt out evenly and at random."""
    shuffled = np.random.default_rng(SEED).permutation(len(category))
    dealt = shuffled[np.argsort(category[shuffled], kind="stable")]
    folds = np.empty(len(category), dtype=np.int64)
    folds[dealt] = np.arange(len(category)) % FOLDS
    return folds


def _merge(parts: list[tuple[NDArray[np.int64], Evidence]]) -> Evidence:
    order = np.argsort(np.concatenate([test for test, _ in parts]))
    columns = {
        field.name: np.concatenate([getattr(evidence, field.name) for _, evidence in parts])[order]
        for field in fields(Evidence)
    }
    return Evidence(**columns)
