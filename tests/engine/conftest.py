"""The engine over a model of two layers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Engine, EngineOptions
from tests.tiny_model import write_tiny_adapter

OPTIONS = EngineOptions(context_tokens=256, streams=4, cache_tokens=1024, batch_tokens=64, threads=1)


@pytest.fixture(scope="session")
def tiny_adapters(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two LoRA files over the tiny model, each strong enough to change what is said."""
    folder = tmp_path_factory.mktemp("adapters")
    one, two = (write_tiny_adapter(tiny_model, folder / f"{seed}.gguf", seed=seed) for seed in (5, 6))
    return one, two


@pytest.fixture(scope="session")
def shared_engine(tiny_model: Path) -> Iterator[Engine]:
    """One engine for all tests that leave it whole."""
    made = Engine(tiny_model, OPTIONS)
    yield made
    made.close()


@pytest.fixture
def own_engine(tiny_model: Path) -> Iterator[Engine]:
    """An engine that a test may break."""
    made = Engine(tiny_model, OPTIONS)
    yield made
    made.close()
