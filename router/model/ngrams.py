"""Hashed character n-grams of a message: they keep product names and typing errors apart that embeddings blur.

A naive Bayes over them (McCallum and Nigam 1998, multinomial) is a second opinion on the fact, beside the
embedding's: alone it is the weaker of the two, together they are better than either (docs/routing.md).
"""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from router.arrays import Floats

WIDTH = 2**12
SHORTEST, LONGEST = 2, 5
SMOOTHING = 0.1

Letters = NDArray[np.float32]


def spell(texts: Sequence[str]) -> Letters:
    """(m, WIDTH): for each text how often each n-gram of its words stands in it, dampened, of length 1."""
    rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        places = np.array([crc32(gram) % WIDTH for gram in _ngrams(text)], dtype=np.int64)
        row[:] = np.log1p(np.bincount(places, minlength=WIDTH))
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def count_letters(rows: Letters, classes: NDArray[np.int64], count: int) -> Floats:
    """(count, WIDTH): the sum of the rows (n, WIDTH) of each class (n,)."""
    member = np.zeros((count, len(rows)), dtype=np.float32)
    member[classes, np.arange(len(rows))] = 1
    return np.asarray(member @ rows, dtype=np.float64)


def fit_spelling(sums: Floats) -> Letters:
    """(WIDTH, count): log P(n-gram | class) from what `count_letters` gives, smoothed."""
    smooth = sums + SMOOTHING
    return np.ascontiguousarray(np.log(smooth / smooth.sum(axis=1, keepdims=True)).T, dtype=np.float32)


def log_likelihood(rows: Letters, weights: Letters) -> Floats:
    """(m, count): of each row under each class; only the n-grams that occur are multiplied."""
    result = np.empty((len(rows), weights.shape[1]))
    for number, row in enumerate(rows):
        (there,) = row.nonzero()
        result[number] = row[there] @ weights[there]
    return result


def _ngrams(text: str) -> list[bytes]:
    words = [f" {word} ".encode() for word in text.lower().split()]
    return [
        word[start : start + size]
        for word in words
        for size in range(SHORTEST, LONGEST + 1)
        for start in range(max(1, len(word) - size + 1))
    ]
