"""An encoder without a model: made in no time, and the same on every machine."""

from collections import Counter
from itertools import count
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from router.encoder.encoder import Encoder

DIMENSIONS, SET = 256, 16


class StandInEncoder(Encoder):
    """Texts that share words, or parts of words, have similar vectors.

    Each vector has sixteen components of ±1/4: of length 1, and every cosine is exact in whatever order it is summed.
    """

    def __init__(self, fingerprint: str = "stand-in") -> None:
        self.fingerprint, self.folder = fingerprint, Path()

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """(len(texts), DIMENSIONS)."""
        return np.stack([self.encode_one(text) for text in texts])

    def encode_one(self, text: str) -> NDArray[np.float32]:
        """(DIMENSIONS,), from the commonest words and three-letter parts of words."""
        vector = np.zeros(DIMENSIONS, dtype=np.float32)
        for place in _places(text):
            vector[place] = 0.25 if place % 2 else -0.25
        return vector

    def knows(self, word: str) -> bool:
        """Only the words that no test misspells."""
        return word in {"they", "them", "with", "from"}


def _places(text: str) -> list[int]:
    words = text.lower().split()
    parts = [part for word in words for part in (word, *(word[at : at + 3] for at in range(len(word) - 2)))]
    counted = Counter(crc32(part.encode("utf-8", "surrogatepass")) % DIMENSIONS for part in parts)
    chosen = sorted(counted, key=lambda place: (-counted[place], place))[:SET]
    filler = (crc32(str(number).encode()) % DIMENSIONS for number in count())
    while len(chosen) < SET:
        place = next(filler)
        chosen += [] if place in chosen else [place]
    return chosen
