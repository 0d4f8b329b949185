"""A stand-in for what tells danger: it goes by a word, and the answers are short."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from router.danger import Danger, DangerModel
from router.pack.safety import Safety, SafetyKind

SAFE = Safety(
    "IE",
    (
        SafetyKind("fire_fumes", "Get out first.", ("Fire brigade: 112",)),
        SafetyKind("legal", "A person decides.", ("Write to us",), person=True),
    ),
    Path("nowhere"),
)


def _sound(text: str) -> NDArray[np.float32]:
    """A vector that says whether the text speaks of fire, or of a lawyer."""
    return np.array(["fire" in text, "lawyer" in text], dtype=np.float32)


DANGER = Danger(
    SAFE, DangerModel(("fire_fumes", "legal"), np.array([[0, 0], [9, 0], [0, 9]]), np.array([5.0, 0, 0]), 0.9), _sound
)
"""Takes a message with the word for danger."""
