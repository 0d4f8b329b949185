"""Which weights the answers of an adapter are computed with."""

import threading
from pathlib import Path

from localmodel.unpacked import GROWTH, Weights, unpacked


class WeightsAtHand:
    """The weights of a model and its adapters, made where that makes answers quicker. For any thread."""

    def __init__(self, path: Path, folder: Path | None) -> None:
        """With a `folder`, weights are made there (`localmodel.unpacked`)."""
        self._path, self._folder = path, folder
        self._known: dict[Path | None, Weights] = {}
        self._making = threading.Lock()

    @property
    def most_bytes(self) -> int:
        """How large they may become."""
        return int(self._path.stat().st_size * (GROWTH if self._folder else 1))

    def of(self, adapter: Path | None) -> Weights:
        """At once where they are known; else they are made, in seconds. Raises BaseModelError."""
        known = self._known.get(adapter)
        if known and known.path.exists():
            return known
        return self.made(adapter)

    def made(self, adapter: Path | None) -> Weights:
        """The same, tried anew where they could not be made before."""
        if self._folder is None:
            return Weights(self._path, adapter)
        with self._making:
            self._known[adapter] = unpacked(self._path, self._folder, adapter)
            return self._known[adapter]
