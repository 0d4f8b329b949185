"""The memory that an engine will take, planned before any of it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import CapacityError
from engine.options import EngineOptions
from localmodel.memory import Memory

_BYTES = {"f32": 4.0, "f16": 2.0, "bf16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
"""Of one number in the cache; the last two in llama.cpp's blocks of 32 with a scale."""

_COPIES = 2
"""llama.cpp holds the logits of a step twice: where they are computed, and where they are read."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Bytes for the weights, the cache of all sequences, what is kept warm, and the logits of the longest step."""

    weights: int
    cache: int
    warm: int
    step: int

    @property
    def total(self) -> int:
        """All of it. What llama.cpp needs besides is some tens of megabytes for small models."""
        return self.weights + self.cache + self.warm + self.step


def plan(file_bytes: int, metadata: Mapping[str, str], vocabulary_size: int, options: EngineOptions) -> Plan:
    """What the model with this GGUF metadata will take; a part that the metadata do not tell counts as nothing."""
    architecture = metadata.get("general.architecture", "")

    def of(key: str, otherwise: int = 0) -> int:
        value = metadata.get(f"{architecture}.{key}", "")
        return int(value) if value.isdecimal() else otherwise

    heads = of("attention.head_count", 1) or 1
    wide = of("embedding_length") // heads
    both = of("attention.key_length", wide) + of("attention.value_length", wide)
    numbers = options.cells * of("block_count") * of("attention.head_count_kv", heads) * both
    step = _COPIES * 4 * vocabulary_size * options.batch_tokens
    return Plan(file_bytes, int(numbers * _BYTES[options.cache_type]), options.warm_bytes, step)


def check(planned: Plan, memory: Memory, options: EngineOptions) -> None:
    """Raise CapacityError where it does not fit."""
    if planned.total <= memory.available_bytes:
        return
    raise CapacityError(
        f"The local model needs {_mb(planned.total)}: {_mb(planned.weights)} for its weights, {_mb(planned.cache)} for "
        f"a cache of {options.cells} tokens, {_mb(planned.warm)} for what is kept warm, {_mb(planned.step)} for steps "
        f"of {options.batch_tokens}. {memory.bound.capitalize()} leaves {_mb(memory.available_bytes)}.",
        "Lower FIRSTLINE_LOCAL_WARM_MIB, FIRSTLINE_LOCAL_STREAMS, FIRSTLINE_LOCAL_CACHE_TOKENS or "
        "FIRSTLINE_LOCAL_BATCH_TOKENS, take a smaller model, or give it more memory.",
    )


def _mb(size: float) -> str:
    return f"{size / 2**20:,.0f} MiB"
