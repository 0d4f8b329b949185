"""How PyTorch's names and layouts of weights translate to GGUF's."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from localmodel.errors import BaseModelError

Array = NDArray[np.float32]

_ROPE_PAIRS_APART = ("llama",)
"""Architectures whose rows of q and k llama.cpp stores in another order: rotary pairs side by side."""


class Layout:
    """Names and row orders of one architecture, from the `metadata` of its GGUF file."""

    def __init__(self, metadata: dict[str, str]) -> None:
        """Raises BaseModelError where the `gguf` package does not know the architecture."""
        import gguf

        self.architecture = metadata.get("general.architecture", "")
        known = {name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}
        if self.architecture not in known:
            raise BaseModelError(
                f"The architecture {self.architecture!r} is not known here.",
                "Upgrade the package gguf, or use a Llama.",
            )
        count = int(metadata[f"{self.architecture}.block_count"])
        self._names: Any = gguf.get_tensor_name_map(known[self.architecture], count)
        heads = int(metadata.get(f"{self.architecture}.attention.head_count", "1"))
        self._heads = {"attn_q": heads}
        self._heads["attn_k"] = int(metadata.get(f"{self.architecture}.attention.head_count_kv", heads))

    def name(self, module: str) -> str:
        """GGUF's name of a PyTorch module, without `.weight`. Raises BaseModelError where it has none."""
        found = self._names.get_name(module)
        if found is None:
            raise BaseModelError(
                f"GGUF has no name for the layer {module!r} of {self.architecture!r}.", "Train other target layers."
            )
        return str(found)

    def rows(self, name: str, weight: Array) -> Array:
        """`weight` (out, …) of the layer that GGUF calls `name`, its rows in llama.cpp's order."""
        heads = self._heads.get(name.rpartition(".")[2])
        if heads is None or self.architecture not in _ROPE_PAIRS_APART:
            return weight
        out = weight.shape[0]
        paired = weight.reshape(heads, 2, out // heads // 2, *weight.shape[1:])
        return paired.swapaxes(1, 2).reshape(weight.shape)
