"""A message as its letters: hashed character n-grams, which know product names and typing slips that vectors blur.

A naive Bayes over them (McCallum and Nigam 1998, multinomial) is a second opinion on the fact, beside the
embedding's: alone it is the weaker of the two, together they are better than either (docs/routing.md).
"""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from router.choice import Floats

WIDTH = 2**12
SHORTEST, LONGEST = 2, 5
SMOOTHING = 0.1

Letters = NDArray[np.float32]


def spell(texts: Sequence[str]) -> Letters:
    """(m, WIDTH): for each text how often each n-gram of its words stands in it, dampened, of length 1."""
    rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        np.add.at(row, [crc32(gram.encode()) % WIDTH for gram in _ngrams(text.lower())], 1.0)
    damp = np.log1p(rows)
    return np.asarray(damp / np.maximum(np.linalg.norm(damp, axis=1, keepdims=True), 1e-9))


def fit_spelling(rows: Letters, classes: NDArray[np.int64], count: int) -> Letters:
    """(count, WIDTH): log P(n-gram | class) of the rows (n, WIDTH) with their classes (n,), smoothed."""
    sums = np.full((count, WIDTH), SMOOTHING)
    np.add.at(sums, classes, rows)
    return np.asarray(np.log(sums / sums.sum(axis=1, keepdims=True)), dtype=np.float32)


def log_likelihood(rows: Letters, weights: Letters) -> Floats:
    """(m, count): of each row under each class; only the n-grams that occur are multiplied."""
    result = np.empty((len(rows), len(weights)))
    for number, row in enumerate(rows):
        (there,) = row.nonzero()
        result[number] = weights[:, there].astype(np.float64) @ row[there]
    return result


def _ngrams(text: str) -> list[str]:
    words = [f" {word} " for word in text.split()]
    return [
        word[start : start + size]
        for word in words
        for size in range(SHORTEST, LONGEST + 1)
        for start in range(max(1, len(word) - size + 1))
    ]
