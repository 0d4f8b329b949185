"""8-bit weights of a slow kind."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gguf
import numpy as np
import pytest

from engine import Ask, Engine, EngineOptions
from localmodel.adapter import read_adapter, write_adapter
from localmodel.errors import BaseModelError
from localmodel.quantize import quantize
from localmodel.unpacked import FILE_TYPE, unpacked
from localmodel.unpacked import slow as is_slow
from localmodel.vocabulary import Vocabulary
from tests.engine.listeners import own
from tests.tiny_model import write_tiny_adapter


@pytest.fixture(scope="module")
def slow(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model in Q4_1."""
    path = tmp_path_factory.mktemp("slow") / "slow.gguf"
    quantize(tiny_model, path, "Q4_1")
    return path


@pytest.fixture(scope="module")
def adapters(slow: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two for the tiny model."""
    folder = tmp_path_factory.mktemp("adapters")
    made = folder / "one.gguf", folder / "other.gguf"
    for seed, path in enumerate(made):
        write_tiny_adapter(slow, path, seed=seed)
    return made


def weights(path: Path) -> dict[str, Any]:
    """By layer, in 32 bits."""
    tensors = gguf.GGUFReader(str(path)).tensors
    return {
        tensor.name.removesuffix(".weight"): gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        for tensor in tensors
    }


def metadata(path: Path) -> dict[str, str]:
    vocabulary = Vocabulary.open(path)
    vocabulary.close()
    return vocabulary.metadata


def test_a_slow_kind_is_computed_in_8_bits_from_a_file_made_once(slow: Path, tmp_path: Path) -> None:
    made = unpacked(slow, tmp_path / "weights").path
    assert made.parent == tmp_path / "weights"
    assert (metadata(slow)[FILE_TYPE], metadata(made)[FILE_TYPE]) == ("3", "7")
    first = made.stat().st_ino
    assert unpacked(slow, tmp_path / "weights").path == made
    assert made.stat().st_ino == first


def test_another_kind_is_left_as_it_is(slow: Path, tiny_model: Path, tmp_path: Path) -> None:
    assert [is_slow(metadata(path)) for path in (slow, tiny_model)] == [True, False]
    engine = Engine(tiny_model, EngineOptions(context_tokens=64, threads=1, unpack_folder=tmp_path / "weights"))
    engine.prepare(None)
    engine.close()
    assert not (tmp_path / "weights").exists()


@pytest.mark.parametrize("damage", [b"", b"GGUF", None])
def test_what_is_no_longer_as_it_was_made_is_made_again(slow: Path, tmp_path: Path, damage: bytes | None) -> None:
    made = unpacked(slow, tmp_path).path
    content = made.read_bytes()
    made.write_bytes(content[:-1] + b"x" if damage is None else damage)
    assert unpacked(slow, tmp_path).path == made
    assert made.read_bytes() == content


def test_where_the_disk_does_not_take_it_the_file_itself_is_computed_with(
    slow: Path, adapters: tuple[Path, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with caplog.at_level(logging.WARNING):
        assert unpacked(slow, blocked / "weights") == (slow, None)
        assert unpacked(slow, blocked / "weights", adapters[0]) == (slow, adapters[0])
    assert "Make room" in caplog.text


def test_with_an_adapter_it_is_the_sum(slow: Path, adapters: tuple[Path, Path], tmp_path: Path) -> None:
    plain, one, other = (weights(unpacked(slow, tmp_path, adapter).path) for adapter in (None, *adapters))
    layer = "blk.0.attn_q"
    for path, summed in zip(adapters, (one, other), strict=True):
        a, b = read_adapter(path)[0].pairs[layer]
        added = read_adapter(path)[0].scale * (b @ a)
        expected = plain[layer] + added
        assert np.abs(added).max() > 0.01, "the adapter does something"
        assert np.abs(summed[layer] - expected).max() < np.abs(expected).max() / 64, "but for rounding"


def test_an_adapter_for_another_model_is_refused(slow: Path, adapters: tuple[Path, Path], tmp_path: Path) -> None:
    read, _ = read_adapter(adapters[0])
    layer, (a, b) = next(iter(read.pairs.items()))
    layout: Any = SimpleNamespace(architecture="llama")
    foreign = tmp_path / "foreign.gguf"
    write_adapter(replace(read, pairs={layer: (a[:, 1:], b)}), foreign, layout, name="x", base_sha256="", form="")
    with pytest.raises(BaseModelError, match=f"weights in '{layer}'.*Merge it with its own base"):
        unpacked(slow, tmp_path / "weights", foreign)
    assert list((tmp_path / "weights").iterdir()) == []


def test_what_served_longest_ago_is_removed(slow: Path, adapters: tuple[Path, Path], tmp_path: Path) -> None:
    third = tmp_path / "third.gguf"
    write_tiny_adapter(slow, third, seed=3)
    folder = tmp_path / "weights"
    made = []
    for at, adapter in enumerate((None, *adapters, None, third)):
        made.append(unpacked(slow, folder, adapter).path)
        os.utime(made[-1], (at, at))
    assert sorted(folder.glob("*.gguf")) == sorted({made[0], made[2], made[4]})
    assert len(list(folder.iterdir())) == 2 * 3


def test_the_engine_computes_with_it_and_changes_between_answers(
    slow: Path, adapters: tuple[Path, Path], tmp_path: Path
) -> None:
    """Answers with adapters in turn are those that each has alone, and those of a call beside another's."""
    options = EngineOptions(context_tokens=64, threads=1, unpack_folder=tmp_path)
    asks = [Ask((5, 6, 7), 8, adapter=adapter, marks=(2,)) for adapter in (None, *adapters)]
    alone = []
    for ask in asks:
        engine = Engine(slow, options)
        engine.prepare(ask.adapter)
        alone.append(list(engine.answer(ask)))
        engine.close()
    assert len({tuple(piece.token for piece in answer) for answer in alone}) == 3
    assert len(list(tmp_path.glob("*.gguf"))) == 3
    engine = Engine(slow, options)
    with ThreadPoolExecutor(9) as pool:
        at_once = pool.map(lambda ask: [piece.token for piece in engine.answer(ask)], asks * 3)
        assert own(list(at_once), [[piece.token for piece in answer] for answer in alone * 3])
    engine.close()
