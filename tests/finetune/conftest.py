"""The shipped model and a tiny one, each with its vocabulary, and the pack of a shop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from finetune.training.base import Base, open_base
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
def support() -> Pack:
    return load_pack(Path("packs/support"))
