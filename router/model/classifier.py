"""The trained classifier at run time: one embedding in, calibrated scores out, with numpy alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.arrays import Vectors
from router.model.calibration import Calibration
from router.model.corpus import OUT_OF_SCOPE
from router.model.evidence import Models
from router.model.ngrams import spell
from router.types import OUT_OF_SCOPE_LABEL, Neighbour, ScoredFact, Scores

FACTS_SHOWN = 5
NEIGHBOURS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names behind the numbers: training texts, category keys, fact ids and texts."""

    texts: tuple[str, ...]
    categories: tuple[str, ...]
    fact_ids: tuple[str, ...]
    fact_texts: tuple[str, ...]
    fact_category: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Classifier:
    """Pure and thread-safe: nothing in it changes."""

    models: Models
    calibration: Calibration
    vocabulary: Vocabulary

    def scores(self, text: str, vector: Vectors) -> Scores:
        """Scores of a clean message and its unit vector (d,); about 0.5 ms for a few thousand rows."""
        similarity = self.models.similarity(vector)
        evidence = self.models.evidence(similarity, spell([text])[0])
        likely = self.calibration.facts(evidence, self.vocabulary.fact_category)
        categories = self.calibration.categories(evidence, likely, self.vocabulary.fact_category)[0]
        facts = likely[0]
        best = int(categories.argmax())
        return Scores(
            category=self.vocabulary.categories[best],
            confidence=float(categories[best]),
            in_scope=float(self.calibration.in_scope(evidence)[0]),
            no_fact=float(facts[-1]),
            facts=tuple(self._fact(int(i), float(facts[i])) for i in _top(facts[:-1], FACTS_SHOWN)),
            neighbours=tuple(self._neighbour(int(i), similarity) for i in _top(similarity, NEIGHBOURS_SHOWN)),
        )

    def _fact(self, index: int, probability: float) -> ScoredFact:
        return ScoredFact(self.vocabulary.fact_ids[index], self.vocabulary.fact_texts[index], probability)

    def _neighbour(self, index: int, similarity: Vectors) -> Neighbour:
        category = int(self.models.category[index])
        label = OUT_OF_SCOPE_LABEL if category == OUT_OF_SCOPE else self.vocabulary.categories[category]
        return Neighbour(self.vocabulary.texts[index], label, float(similarity[index]))


def _top(values: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """The indices of the highest, best first; of equal ones the earlier."""
    if len(values) > count:
        some = np.flatnonzero(values >= np.partition(values, -count)[-count])
        return some[np.argsort(-values[some], kind="stable")[:count]]
    return np.argsort(-values, kind="stable")
