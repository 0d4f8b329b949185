"""8-bit weights of a slow kind."""

import logging
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gguf
import numpy as np
import pytest

from engine import Ask, Engine, EngineOptions
from engine.weights import WeightsAtHand
from localmodel.adapter import read_adapter, write_adapter
from localmodel.errors import BaseModelError
from localmodel.quantize import quantize
from localmodel.unpacked import FILE_TYPE, Weights, unpacked
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
    assert "weights could not be made" in caplog.text


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
    assert not list((tmp_path / "weights").glob("[!.]*"))


def test_an_adapter_that_is_gone_is_said_to_be(slow: Path, tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match=r"none.gguf' cannot be read \(No such file"):
        unpacked(slow, tmp_path, tmp_path / "none.gguf")


def test_whatever_hinders_there_is_another_way_to_answer(
    slow: Path, adapters: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError("no memory")

    monkeypatch.setattr("localmodel.unpacked.merge", full)
    assert unpacked(slow, tmp_path, adapters[0]) == (slow, adapters[0])


def test_an_adapter_that_changes_while_it_is_read_is_not_taken_for_another(
    slow: Path, adapters: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = Path(shutil.copy(adapters[0], tmp_path / "adapter.gguf"))

    def read(path: Path) -> Any:
        found = read_adapter(path)
        shutil.copy(adapters[1], path)
        return found

    monkeypatch.setattr("localmodel.unpacked.read_adapter", read)
    with pytest.raises(BaseModelError, match="was changed while it was read"):
        unpacked(slow, tmp_path / "weights", adapter)
    assert not list((tmp_path / "weights").glob("*.gguf"))


def test_what_a_killed_process_left_is_removed(slow: Path, adapters: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / ".merging-x1").mkdir()
    (tmp_path / ".merging-x1" / "merged.gguf").write_bytes(b"half")
    (tmp_path / ".1-abc.q8_0.gguf-00ff").write_bytes(b"half")
    made = unpacked(slow, tmp_path, adapters[0]).path
    assert {path.name for path in tmp_path.iterdir()} == {made.name, made.with_suffix(".sha256").name, ".lock"}


def test_weights_that_somebody_removed_are_made_again(slow: Path, adapters: tuple[Path, Path], tmp_path: Path) -> None:
    engine = Engine(slow, EngineOptions(context_tokens=64, threads=1, unpack_folder=tmp_path))
    ask, other = (Ask((5, 6, 7), 4, adapter=adapter) for adapter in adapters)
    first = [piece.token for piece in engine.answer(ask)]
    list(engine.answer(other))
    for path in tmp_path.glob("*.gguf"):
        path.unlink()
    assert [piece.token for piece in engine.answer(ask)] == first
    engine.close()


def test_who_knows_its_weights_does_not_wait_for_others_to_be_made(
    adapters: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    making, go_on = threading.Event(), threading.Event()

    def slowly(_path: Path, _folder: Path, adapter: Path | None) -> Weights:
        if adapter == adapters[1]:
            making.set()
            assert go_on.wait(30)
        return Weights(tmp_path, None)

    monkeypatch.setattr("engine.weights.unpacked", slowly)
    weights = WeightsAtHand(tmp_path, tmp_path)
    weights.of(adapters[0])
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(weights.of, adapters[1])
        assert making.wait(30)
        assert weights.of(adapters[0]) == (tmp_path, None)
        go_on.set()
        assert other.result() == (tmp_path, None)


def test_what_served_longest_ago_is_removed(slow: Path, adapters: tuple[Path, Path], tmp_path: Path) -> None:
    third = tmp_path / "third.gguf"
    write_tiny_adapter(slow, third, seed=3)
    folder = tmp_path / "weights"
    made = []
    for at, adapter in enumerate((None, *adapters, None, third)):
        made.append(unpacked(slow, folder, adapter).path)
        os.utime(made[-1], (at, at))
    assert sorted(folder.glob("*.gguf")) == sorted({made[0], made[2], made[4]})
    assert len(list(folder.glob("[!.]*"))) == 2 * 3


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
