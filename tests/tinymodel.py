"""Models of the shipped ones' kind, with random weights and of a few megabytes: for what must run, not make sense.

A local model that llama.cpp serves, and that `finetune` trains, merges and quantises, in a fraction of a second; and an
encoder that `router` exports and tunes. What they say is gibberish, always the same.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind

from localmodel.model_file import shipped_model

LAYERS, WIDE, DEEP, HEADS, KEY_HEADS = 2, 256, 512, 4, 2
MERGES = 1800
"""Of the shipped vocabulary the bytes and this many pairs, the commonest ones: some two thousand tokens."""
_COPIED = (
    "tokenizer.ggml.model",
    "tokenizer.ggml.pre",
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.unknown_token_id",
    "tokenizer.ggml.padding_token_id",
    "tokenizer.ggml.add_bos_token",
    "tokenizer.ggml.add_space_prefix",
    "tokenizer.chat_template",
    "llama.context_length",
    "llama.rope.freq_base",
    "llama.attention.layer_norm_rms_epsilon",
)


def write_tiny_model(path: Path, *, seed: int = 1) -> Path:
    """A Llama of two layers under the shipped chat template, quantised as the shipped one is."""
    shipped = gguf.GGUFReader(shipped_model())
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Tiny")
    for name in _COPIED:
        field = shipped.fields[name]
        writer.add_key_value(name, field.contents(), field.types[0])
    size = _vocabulary(writer, shipped)
    for name, value in {
        "block_count": LAYERS,
        "embedding_length": WIDE,
        "feed_forward_length": DEEP,
        "attention.head_count": HEADS,
        "attention.head_count_kv": KEY_HEADS,
        "rope.dimension_count": WIDE // HEADS,
        "vocab_size": size,
    }.items():
        writer.add_uint32(f"llama.{name}", value)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_1)
    _weights(writer, size, np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary(writer: Any, shipped: gguf.GGUFReader) -> int:
    """The first tokens of the shipped vocabulary and the merges that make them; gives how many tokens that is."""
    tokens, kinds, merges = (shipped.fields[f"tokenizer.ggml.{name}"] for name in ("tokens", "token_type", "merges"))
    size = len(tokens.data) - len(merges.data) + MERGES
    writer.add_token_list(_first(tokens, size))
    writer.add_token_types(_first(kinds, size))
    writer.add_token_merges(_first(merges, MERGES))
    return size


def _first(field: gguf.ReaderField, count: int) -> list[Any]:
    """The first of an array; all of it would take seconds to read."""
    return field.contents(slice(count))


def _weights(writer: Any, size: int, chance: np.random.Generator) -> None:
    def random(name: str, rows: int, columns: int, kind: Kind = Kind.Q4_1) -> None:
        values = chance.normal(0, columns**-0.5, (rows, columns)).astype(np.float32)
        writer.add_tensor(f"{name}.weight", gguf.quants.quantize(values, kind), raw_dtype=kind)

    random("token_embd", size, WIDE, Kind.Q8_0)
    keys = WIDE // HEADS * KEY_HEADS
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}.{norm}.weight", np.ones(WIDE, np.float32))
        for name, rows, columns in (
            ("attn_q", WIDE, WIDE),
            ("attn_k", keys, WIDE),
            ("attn_v", keys, WIDE),
            ("attn_output", WIDE, WIDE),
            ("ffn_gate", DEEP, WIDE),
            ("ffn_up", DEEP, WIDE),
            ("ffn_down", WIDE, DEEP),
        ):
            random(f"{block}.{name}", rows, columns)
    writer.add_tensor("output_norm.weight", np.ones(WIDE, np.float32))


def write_tiny_encoder(folder: Path, *, wide: int = 48, layers: int = 2) -> Path:
    """A sentence-transformers model in the shipped one's form and with its vocabulary, narrow and untaught."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModel, BertConfig

    from router.encoder.encoder import shipped_model as shipped_encoder

    shutil.copytree(shipped_encoder(), folder, ignore=shutil.ignore_patterns("*.safetensors", "*.bin", "*.onnx"))
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_size": wide, "intermediate_size": 2 * wide}
    config |= {"num_hidden_layers": layers, "num_attention_heads": 4}
    (folder / "config.json").write_text(json.dumps(config))
    torch.manual_seed(1)
    made = AutoModel.from_config(BertConfig.from_pretrained(folder))
    save_file(made.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    pooling = folder / "1_Pooling" / "config.json"
    pooling.write_text(json.dumps(json.loads(pooling.read_text()) | {"word_embedding_dimension": wide}))
    return folder
