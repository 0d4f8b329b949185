"""The two kinds of arrays that pass between the rooms of the router."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Scores, probabilities and weights."""

Vectors = NDArray[np.float32]
"""Embeddings, and what is computed from them before it counts as a score; rows are of unit length."""
