"""The model that is fine-tuned: the very GGUF that is served, de-quantised."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from localmodel.atomic_files import sha256
from localmodel.errors import BaseModelError
from localmodel.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Base:
    """A GGUF file that can be fine-tuned. `name` is what it calls itself, `context_tokens` what it was trained for."""

    path: Path
    name: str
    architecture: str
    context_tokens: int
    sha256: str
    vocabulary: Vocabulary


def open_base(path: Path) -> Base:
    """Read header and vocabulary. Raises ModelFileError where it cannot be loaded or has no usable chat template."""
    vocabulary = Vocabulary.open(path)
    metadata = vocabulary.metadata
    architecture = metadata.get("general.architecture", "")
    return Base(
        path=path,
        name=metadata.get("general.name", "") or path.stem,
        architecture=architecture,
        context_tokens=int(metadata.get(f"{architecture}.context_length", "2048")),
        sha256=sha256(path),
        vocabulary=vocabulary,
    )


def load_torch(base: Base) -> Any:
    """The model in PyTorch, 32 bits wide, de-quantised by transformers. Raises BaseModelError."""
    import torch
    from transformers import AutoModelForCausalLM

    # A GPU's fused attention gives NaN for rows that are all padding, and examples are padded on the left.
    attention = "eager" if torch.cuda.is_available() else "sdpa"
    try:
        with _read_once():
            return AutoModelForCausalLM.from_pretrained(
                str(base.path.parent),
                gguf_file=base.path.name,
                dtype=torch.float32,
                attn_implementation=attention,
                local_files_only=True,
            )
    except Exception as error:
        raise BaseModelError(
            f"{str(base.path)!r} ({base.architecture}) cannot be de-quantised for training: {error}",
            "transformers reads GGUF files of Llama, Qwen, Gemma, Phi and some other families: choose one of these.",
        ) from error


@contextmanager
def _read_once() -> Iterator[None]:
    """transformers reads the header twice, and makes gguf's map of names anew for each module: most of the time."""
    import gguf

    kept = {name: getattr(gguf, name) for name in ("GGUFReader", "get_tensor_name_map")}
    try:
        for name, made in kept.items():
            setattr(gguf, name, cache(made))
        yield
    finally:
        for name, made in kept.items():
            setattr(gguf, name, made)
