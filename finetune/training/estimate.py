"""What a run will take, before it begins: memory, disk and time, from the model's shape, the data and this machine."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from finetune.errors import RunError
from finetune.training.recipe import Precision, Recipe
from finetune.training.trainer import steps_of
from localmodel.errors import BaseModelError

OVERHEAD_BYTES = 600 * 2**20
"""Python, PyTorch and transformers, loaded: measured."""
HELD_TWICE = 2.0
"""Memory in use at the peak of a step, of what autograd saves: gradients beside it, and holes in the heap. Measured on
a Llama of 135 million parameters, 140 to 560 tokens a step, with glibc's allocator: 1.95 to 2.05."""
ANSWERS = 0.5
"""Of the tokens of a batch, those whose logits are computed: from the first that carries loss in any example to the
end, so more than the answers alone."""
PADDING = 1.05
"""Tokens with padding, of those without: batches are of like length."""
ADAM_BYTES = 16
"""A weight that learns, its gradient and AdamW's two moments, 4 bytes each."""
KEPT = 2
"""Checkpoints that are kept: the best and the latest."""
PASSES = 10.0
"""Times that as much as autograd saves is read and written to fresh memory in a step: calibrated, see `estimate`."""
BITS = {"F16": 16.0, "Q8_0": 8.5, "Q5_K_M": 5.7, "Q4_K_M": 4.85}
BITS_UNEVEN = BITS | {"Q5_K_M": 6.6, "Q4_K_M": 6.2}
"""Bits a weight in a GGUF file, rows a multiple of 256 long, or not, where llama.cpp takes wider kinds for some."""


@dataclass(frozen=True, slots=True)
class BaseShape:
    """A Llama-like model: `hidden` and `intermediate` are widths, `head` that of one head; `tied` where the embedding
    is the output layer too. `parameters` are all of them.
    """

    parameters: int
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head: int
    vocabulary: int
    tied: bool

    @property
    def linear(self) -> dict[str, tuple[int, int]]:
        """The linear layers of one block, inputs and outputs, by the names that LoRA's targets have."""
        query, key = self.heads * self.head, self.kv_heads * self.head
        return {
            "q_proj": (self.hidden, query),
            "k_proj": (self.hidden, key),
            "v_proj": (self.hidden, key),
            "o_proj": (query, self.hidden),
            "gate_proj": (self.hidden, self.intermediate),
            "up_proj": (self.hidden, self.intermediate),
            "down_proj": (self.intermediate, self.hidden),
        }

    def targets(self, recipe: Recipe) -> dict[str, tuple[int, int]]:
        """Those of `linear` that LoRA adapts. Raises RunError for a name that is none of them."""
        if recipe.targets == "all-linear":
            return self.linear
        names = recipe.targets.replace(" ", "").split(",")
        unknown = [name for name in names if name not in self.linear]
        if unknown:
            raise RunError(
                f"targets names {unknown[0]!r}, which is no linear layer of the model.",
                f'Name some of {", ".join(self.linear)}, or "all-linear".',
            )
        return {name: self.linear[name] for name in names}


@dataclass(frozen=True, slots=True)
class Speed:
    """Of this machine: matrix products in floating-point operations a second, and what element-wise work reads and
    writes, in bytes a second, where its result takes memory fresh from the system.
    """

    flops: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """`memory_bytes` at the peak; `disk_bytes` of the run folder; `trainable` parameters; `files` are the bytes of the
    merged model's files by kind, which `disk_bytes` leaves out.
    """

    memory_bytes: int
    disk_bytes: int
    minutes: float
    steps: int
    trainable: int
    files: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Every figure by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, figures: Mapping[str, Any]) -> "Estimate":
        """What `as_json` wrote. Raises KeyError or TypeError at what is something else."""
        named = {name: figures[name] for name in ("memory_bytes", "disk_bytes", "minutes", "steps", "trainable")}
        return cls(**named, files=dict(figures.get("files", {})))


@dataclass(frozen=True, slots=True)
class Used:
    """What a run took, None where it is not known."""

    memory_bytes: int | None
    disk_bytes: int | None
    minutes: float
    steps: int


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, estimated and used, in words; a dash where it is not known."""

    name: str
    estimated: str
    used: str


def estimate(shape: BaseShape, lengths: Sequence[int], recipe: Recipe, speed: Speed) -> Estimate:
    """Of a run over examples of so many tokens each.

    Memory: the frozen base at 4 bytes a parameter, 16 a parameter that learns, and the largest batch: what autograd
    saves of it (`saved_bytes`), twice; its logits, three times (themselves, their softmax, their gradient).

    It is computed, not measured over a few steps: 4 to 12 % above the peaks that were measured, in no time, where a
    measurement would have to load the model and take the very memory that the estimate warns of.

    Time: with P weights in the linear layers and T tokens, forward is 2PT operations and backward through them 2PT
    more; a frozen layer has no weight gradient, which is the third 2PT of full training. LoRA's own weights take 6
    operations a token, attention 12 a pair of tokens and channel, logits 4 a weight and token. Between the products,
    element-wise work moves PASSES times as much as autograd saves, whatever the precision; on a processor that takes
    longer than the products. It is fitted to a step of 8 x 140 tokens of SmolLM2-135M, rank 16, on two cores: 5.8 s in
    fp32 and 4.0 s in bf16, with products at 320e9 and 2.1e12 operations and memory at 6.2e9 bytes a second. Held-out
    loss is measured forward only, which is half.

    More examples, tokens, epochs, batch or rank never make an estimate less in any figure, but for a larger batch,
    which takes fewer steps. Raises RunError where there is no example, or a target is unknown.
    """
    if not lengths:
        raise RunError("There is no example to learn from.", "Add training data to the pack, or name it with --data.")
    trainable = _trainable(shape, recipe)
    steps = steps_of(len(lengths), recipe)
    return Estimate(
        memory_bytes=_memory(shape, lengths, recipe, trainable),
        disk_bytes=trainable * (12 * KEPT + 4),
        minutes=_seconds(shape, lengths, recipe, speed) / 60,
        steps=steps,
        trainable=trainable,
        files=_files(shape),
    )


def saved_bytes(shape: BaseShape, recipe: Recipe, width: int) -> int:
    """What autograd saves of one token in all layers, at `width` bytes a product: in each, the inputs of two norms (4
    bytes wide), query, key, value and result of attention, and gate, its activation and up of the feed-forward part;
    and for each adapted layer its input (with dropout a copy of its own, and the mask), and the `rank` values between
    its two matrices.
    """
    query, key = shape.heads * shape.head, shape.kv_heads * shape.head
    block = 8 * shape.hidden + width * (2 * query + 2 * key + 3 * shape.intermediate)
    copies = 2 if recipe.dropout else 1
    adapters = sum(copies * width * inputs + width * recipe.rank for inputs, _ in shape.targets(recipe).values())
    return shape.layers * (block + adapters)


def _trainable(shape: BaseShape, recipe: Recipe) -> int:
    return shape.layers * recipe.rank * sum(sum(pair) for pair in shape.targets(recipe).values())


def _memory(shape: BaseShape, lengths: Sequence[int], recipe: Recipe, trainable: int) -> int:
    tokens = min(recipe.batch, len(lengths)) * max(lengths)
    logits = 3 * 4 * shape.vocabulary * tokens * ANSWERS
    batch = HELD_TWICE * saved_bytes(shape, recipe, 4) * tokens + logits
    return round(OVERHEAD_BYTES + 4 * shape.parameters + ADAM_BYTES * trainable + batch)


def _seconds(shape: BaseShape, lengths: Sequence[int], recipe: Recipe, speed: Speed) -> float:
    tokens = PADDING * sum(lengths)
    weights = shape.layers * sum(inputs * outputs for inputs, outputs in shape.linear.values())
    logits = 4 * shape.hidden * shape.vocabulary * ANSWERS
    pairs = 12 * shape.layers * shape.heads * shape.head * sum(length**2 for length in lengths)
    operations = tokens * (4 * weights + 6 * _trainable(shape, recipe) + logits) + pairs
    epoch = operations / speed.flops + PASSES * saved_bytes(shape, recipe, 4) * tokens / speed.bytes
    held_out = recipe.held_out / (1 - recipe.held_out)
    return epoch * (recipe.epochs + 0.5 * held_out * (1 + recipe.measurements * recipe.epochs))


def _files(shape: BaseShape) -> dict[str, int]:
    bits = BITS_UNEVEN if shape.hidden % 256 else BITS
    return {kind: round(shape.parameters * width / 8) for kind, width in bits.items()}


def read_shape(path: Path) -> BaseShape:
    """From the header of a GGUF file. Raises BaseModelError where it is none, or says too little."""
    from gguf import GGUFReader

    try:
        reader = GGUFReader(path)
        said = {name: found.contents() for name, found in reader.fields.items() if not name.startswith("tokenizer.")}
        tensors = {tensor.name: [int(size) for size in tensor.shape] for tensor in reader.tensors}
        return _shape(said, tensors)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise BaseModelError(
            f"The shape of {str(path)!r} cannot be read: {error}.", "Name a whole GGUF file of a Llama-like model."
        ) from error


def _shape(said: Mapping[str, Any], tensors: Mapping[str, Sequence[int]]) -> BaseShape:
    kind = said["general.architecture"]
    hidden, heads = int(said[f"{kind}.embedding_length"]), int(said[f"{kind}.attention.head_count"])
    return BaseShape(
        parameters=sum(math.prod(sizes) for sizes in tensors.values()),
        layers=int(said[f"{kind}.block_count"]),
        hidden=hidden,
        intermediate=int(said[f"{kind}.feed_forward_length"]),
        heads=heads,
        kv_heads=int(said.get(f"{kind}.attention.head_count_kv", heads)),
        head=int(said.get(f"{kind}.attention.key_length", hidden // heads)),
        vocabulary=tensors["token_embd.weight"][1],
        tied="output.weight" not in tensors,
    )


def measure_speed(shape: BaseShape, precision: Precision, tokens: int = 1024) -> Speed:
    """Multiply `tokens` rows by a layer of the model's own shape, and double 64 MB of numbers: medians of some tries,
    in less than two seconds where nothing else runs. AUTO is what it means on this machine.
    """
    import torch

    from finetune.training.trainer import resolve

    width = {Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}.get(resolve(precision), torch.float32)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows = torch.ones(tokens, shape.hidden, dtype=width, device=device)
    layer = torch.ones(shape.intermediate, shape.hidden, dtype=width, device=device)
    many = torch.ones(16_000_000, device=device)
    flops = 2 * tokens * shape.hidden * shape.intermediate
    return Speed(
        flops=flops / _median_seconds(lambda: torch.nn.functional.linear(rows, layer)),
        bytes=2 * 4 * many.numel() / _median_seconds(lambda: many * 2.0),
    )


def _median_seconds(work: Callable[[], Any], limit_s: float = 0.5) -> float:
    """Of up to 30 tries within `limit_s`, at least three; one before them warms up."""
    import torch

    wait: Callable[[], Any] = torch.cuda.synchronize if torch.cuda.is_available() else (lambda: None)
    work()
    wait()
    took: list[float] = []
    while len(took) < 3 or (len(took) < 30 and sum(took) < limit_s):
        began = time.perf_counter()
        work()
        wait()
        took.append(time.perf_counter() - began)
    return median(took)


def compare(estimated: Estimate, used: Used) -> tuple[Row, ...]:
    """The estimate beside what was used."""
    return (
        Row("Memory", _gigabytes(estimated.memory_bytes), _gigabytes(used.memory_bytes)),
        Row("Disk", _gigabytes(estimated.disk_bytes), _gigabytes(used.disk_bytes)),
        Row("Time", _minutes(estimated.minutes), _minutes(used.minutes)),
        Row("Steps", f"{estimated.steps:,}", f"{used.steps:,}"),
    )


def _gigabytes(size: int | None) -> str:
    if size is None:
        return "–"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _minutes(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes >= 10 else f"{minutes:.1f} min"
