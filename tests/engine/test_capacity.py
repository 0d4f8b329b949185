"""The memory that an engine will take."""

import pytest

from engine import CapacityError, EngineOptions
from engine.capacity import Plan, check, plan
from localmodel.memory import Memory

SMOLLM2 = {
    "general.architecture": "llama",
    "llama.block_count": "30",
    "llama.embedding_length": "576",
    "llama.attention.head_count": "9",
    "llama.attention.head_count_kv": "3",
}


def test_the_cache_is_keys_and_values_of_every_layer() -> None:
    planned = plan(1000, SMOLLM2, 49152, EngineOptions(cache_tokens=4096, batch_tokens=256, warm_bytes=77))
    assert planned == Plan(1000, 4096 * 30 * 3 * (64 + 64) * 2, 77, 2 * 4 * 49152 * 256)
    wider = SMOLLM2 | {"llama.attention.key_length": "128", "llama.attention.value_length": "128"}
    assert plan(0, wider, 1, EngineOptions()).cache == 2 * plan(0, SMOLLM2, 1, EngineOptions()).cache
    assert plan(0, SMOLLM2, 1, EngineOptions(cache_type="q8_0")).cache * 64 == 34 * planned.cache


def test_more_streams_take_more_unless_the_cache_is_set() -> None:
    few, many = (plan(0, SMOLLM2, 1, EngineOptions(streams=streams)).cache for streams in (8, 64))
    assert many == 8 * few
    assert plan(0, SMOLLM2, 1, EngineOptions(streams=64, cache_tokens=4096)).cache == few


def test_what_is_not_told_counts_as_nothing() -> None:
    assert plan(5, {"general.architecture": "strange"}, 10, EngineOptions()).cache == 0


def test_what_does_not_fit_is_refused_with_the_figures_and_what_to_do() -> None:
    planned, options = Plan(100 << 20, 200 << 20, 7 << 20, 43 << 20), EngineOptions(cache_tokens=4096)
    check(planned, Memory(350 << 20, "this machine"), options)
    with pytest.raises(
        CapacityError, match=r"350 MiB: 100 .*200 .*4096 .*7 .*43 .*container's limit leaves 349 MiB"
    ) as told:
        check(planned, Memory(349 << 20, "the container's limit"), options)
    assert "FIRSTLINE_LOCAL_STREAMS" in told.value.hint
