"""8-bit weights of a slow kind."""

import logging
from pathlib import Path

import pytest

from engine import Ask, Engine, EngineOptions
from localmodel.quantize import quantize
from localmodel.unpacked import FILE_TYPE, SLOW, unpacked
from localmodel.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def slow(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model in Q4_1."""
    path = tmp_path_factory.mktemp("slow") / "slow.gguf"
    quantize(tiny_model, path, "Q4_1")
    return path


def metadata(path: Path) -> dict[str, str]:
    vocabulary = Vocabulary.open(path)
    vocabulary.close()
    return vocabulary.metadata


def test_a_slow_kind_is_computed_in_8_bits_from_a_file_made_once(slow: Path, tmp_path: Path) -> None:
    made = unpacked(slow, metadata(slow), tmp_path / "weights")
    assert made.parent == tmp_path / "weights"
    assert (metadata(slow)[FILE_TYPE], metadata(made)[FILE_TYPE]) == ("3", "7")
    first = made.stat().st_mtime_ns
    assert unpacked(slow, metadata(slow), tmp_path / "weights") == made
    assert made.stat().st_mtime_ns == first


def test_another_kind_is_left_as_it_is(tiny_model: Path, tmp_path: Path) -> None:
    assert metadata(tiny_model)[FILE_TYPE] not in SLOW
    assert unpacked(tiny_model, metadata(tiny_model), tmp_path / "weights") == tiny_model
    assert not (tmp_path / "weights").exists()


@pytest.mark.parametrize("damage", [b"", b"GGUF", None])
def test_what_is_no_longer_as_it_was_made_is_made_again(slow: Path, tmp_path: Path, damage: bytes | None) -> None:
    made = unpacked(slow, metadata(slow), tmp_path)
    content = made.read_bytes()
    made.write_bytes(content[:-1] + b"x" if damage is None else damage)
    assert unpacked(slow, metadata(slow), tmp_path) == made
    assert made.read_bytes() == content


def test_where_the_disk_does_not_take_it_the_file_itself_is_computed_with(
    slow: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with caplog.at_level(logging.WARNING):
        assert unpacked(slow, metadata(slow), blocked / "weights") == slow
    assert "Make room" in caplog.text


def test_the_engine_computes_with_it(slow: Path, tmp_path: Path) -> None:
    options = EngineOptions(context_tokens=64, threads=1, unpack_folder=tmp_path)
    engine = Engine(slow, options)
    assert list(engine.answer(Ask((5, 6, 7), 4)))
    engine.close()
    assert [path.suffix for path in sorted(tmp_path.iterdir())] == [".gguf", ".sha256"]
