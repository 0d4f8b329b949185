"""A model of two layers and a few megabytes that goes the whole way of fine-tuning in seconds.

Its weights are random; architecture, chat template and the commonest tokens are the shipped model's. So whatever the
way itself does, from a kill to a release, is seen on it; only what a model says well or badly is not.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from finetune.training.base import open_base
from localmodel.adapter import Adapter, finish, write_adapter
from localmodel.gguf_names import Layout
from localmodel.model_file import shipped_model

TOKENS, LAYERS, HIDDEN, INNER, HEADS, KV_HEADS = 8192, 2, 64, 128, 4, 2
HEAD = HIDDEN // HEADS
_SHAPE = {
    "llama.block_count": LAYERS,
    "llama.embedding_length": HIDDEN,
    "llama.feed_forward_length": INNER,
    "llama.attention.head_count": HEADS,
    "llama.attention.head_count_kv": KV_HEADS,
    "llama.rope.dimension_count": HEAD,
    "llama.vocab_size": TOKENS,
    "general.file_type": int(gguf.LlamaFileType.MOSTLY_F16),
}
LINEAR = {
    "attn_q": (HIDDEN, HIDDEN),
    "attn_k": (KV_HEADS * HEAD, HIDDEN),
    "attn_v": (KV_HEADS * HEAD, HIDDEN),
    "attn_output": (HIDDEN, HIDDEN),
    "ffn_gate": (INNER, HIDDEN),
    "ffn_up": (INNER, HIDDEN),
    "ffn_down": (HIDDEN, INNER),
}
"""Outputs and inputs of the linear layers of one block, by their GGUF names."""


def write_tiny_model(path: Path, seed: int = 1) -> Path:
    """Write it to `path`, 1.5 MB in 16 bits; the same seed gives the same file."""
    writer = gguf.GGUFWriter(str(path), "llama")
    _copy_metadata(gguf.GGUFReader(str(shipped_model())), writer)
    rng = np.random.default_rng(seed)
    writer.add_tensor("token_embd.weight", _drawn(rng, (TOKENS, HIDDEN), HIDDEN))
    writer.add_tensor("output_norm.weight", np.ones(HIDDEN, np.float32))
    for layer in range(LAYERS):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{norm}.weight", np.ones(HIDDEN, np.float32))
        for name, shape in LINEAR.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", _drawn(rng, shape, shape[1]))
    finish(writer)
    return path


def draw_tiny_adapter(seed: int, strength: float) -> Adapter:
    """A LoRA of rank 4 over every q and down projection of it, its weights `strength` wide."""
    rng = np.random.default_rng(seed)
    sizes = {"attn_q": (HIDDEN, HIDDEN), "ffn_down": (INNER, HIDDEN)}
    return draw_adapter(rng, sizes, LAYERS, strength)


def draw_adapter(
    rng: np.random.Generator, sizes: Mapping[str, tuple[int, int]], layers: int, strength: float
) -> Adapter:
    """A LoRA of rank 4 over these layers of every block; `sizes` are their inputs and outputs."""
    pairs = {
        f"blk.{layer}.{name}": (
            rng.normal(0, strength, (4, wide)).astype(np.float32),
            rng.normal(0, strength, (out, 4)).astype(np.float32),
        )
        for layer in range(layers)
        for name, (wide, out) in sizes.items()
    }
    return Adapter(pairs, 8.0, 4)


def write_tiny_adapter(model: Path, path: Path, seed: int) -> Path:
    """Write one to `path` that fits the tiny model in `model`, strong enough to change what is said."""
    base = open_base(model)
    adapter, layout = draw_tiny_adapter(seed, 0.3), Layout(base.vocabulary.metadata)
    base.vocabulary.close()
    write_adapter(adapter, path, layout, name="random", base_sha256=base.sha256, form="")
    return path


def _copy_metadata(reader: Any, writer: Any) -> None:
    tokens = _texts(reader.fields["tokenizer.ggml.tokens"], TOKENS)
    merges = _texts(reader.fields["tokenizer.ggml.merges"], TOKENS)  # in the order of the tokens that they make
    kinds = _parts(reader.fields["tokenizer.ggml.token_type"], TOKENS)
    known = set(tokens)
    kept = {
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.merges": [merge for merge in merges if merge.replace(" ", "") in known],
        "tokenizer.ggml.token_type": [int(kind[0]) for kind in kinds],
    }
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        value = (kept | _SHAPE).get(key) or field.contents()
        writer.add_key_value(key, value, field.types[0], sub_type=field.types[-1] if len(field.types) > 1 else None)


def _parts(field: Any, count: int) -> list[Any]:
    return [field.parts[place] for place in field.data[:count]]


def _texts(field: Any, count: int) -> list[str]:
    return [bytes(part).decode() for part in _parts(field, count)]


def _drawn(rng: np.random.Generator, shape: tuple[int, int], inputs: int) -> np.ndarray:  # type: ignore[type-arg]
    return rng.normal(0, inputs**-0.5, shape).astype(np.float16)
