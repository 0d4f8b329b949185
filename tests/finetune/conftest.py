"""The shipped model, its vocabulary, and a small LoRA that changes what it says."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from finetune.training.base import Base, open_base
from localmodel.adapter import Adapter
from localmodel.gguf_names import Layout
from localmodel.model_file import shipped_model
from router.pack.load import Pack, load_pack


@pytest.fixture(scope="session")
def base() -> Iterator[Base]:
    opened = open_base(shipped_model())
    yield opened
    opened.vocabulary.close()


@pytest.fixture(scope="session")
def tiny(tiny_model: Path) -> Iterator[Base]:
    """A base that is fine-tuned in seconds."""
    opened = open_base(tiny_model)
    yield opened
    opened.vocabulary.close()


@pytest.fixture(scope="session")
def layout(base: Base) -> Layout:
    return Layout(base.vocabulary.metadata)


@pytest.fixture(scope="session")
def small() -> Adapter:
    """Of rank 4 over the q and down projections of every layer."""
    rng = np.random.default_rng(3)
    sizes = {"attn_q": (576, 576), "ffn_down": (1536, 576)}
    pairs = {
        f"blk.{layer}.{name}": (
            rng.normal(0, 0.05, (4, wide)).astype(np.float32),
            rng.normal(0, 0.05, (out, 4)).astype(np.float32),
        )
        for layer in range(30)
        for name, (wide, out) in sizes.items()
    }
    return Adapter(pairs, 8.0, 4)


@pytest.fixture(scope="session")
def support() -> Pack:
    return load_pack(Path("packs/support"))
