"""A LoRA adapter, from PEFT's folder to a GGUF file that llama.cpp puts over the base."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from localmodel.atomic_files import whole
from localmodel.errors import BaseModelError
from localmodel.gguf_names import Array, Layout

BASE_KEY, FORM_KEY = "firstline.base_sha256", "firstline.prompt"
_PREFIX = "base_model.model."
_AGAIN = "Restore it, or make it again: adapters come from `firstline finetune run`, merged models from `quantize`."
_UNREADABLE = (OSError, ValueError, KeyError, IndexError)  # IndexError: a file that was cut off


@dataclass(frozen=True, slots=True)
class Adapter:
    """Low-rank weights by GGUF name, rows in llama.cpp's order: `a` (rank, in), `b` (out, rank).

    What is added to the base's weight is `scale * b @ a`.
    """

    pairs: Mapping[str, tuple[Array, Array]]
    alpha: float
    rank: int

    @property
    def scale(self) -> float:
        """alpha / rank, as LoRA has it."""
        return self.alpha / self.rank


def read_peft(folder: Path, layout: Layout) -> Adapter:
    """The adapter that PEFT saved in `folder`. Raises BaseModelError where its layers are not the base's."""
    from safetensors.numpy import load_file

    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        weights = load_file(folder / "adapter_model.safetensors")
    except Exception as error:
        raise BaseModelError(f"{folder} holds no PEFT adapter: {error}.", "Name a run that has ended.") from error
    pairs = {}
    for key in weights:
        module, found, _ = key.partition(".lora_A.")
        if found:
            name = layout.name(module.removeprefix(_PREFIX))
            a, b = weights[key], weights[key.replace(".lora_A.", ".lora_B.")]
            pairs[name] = (a.astype(np.float32), layout.rows(name, b.astype(np.float32)))
    return Adapter(pairs, float(config["lora_alpha"]), int(config["r"]))


def write_adapter(adapter: Adapter, path: Path, layout: Layout, *, name: str, base_sha256: str, form: str) -> None:
    """Write a GGUF file of 16-bit weights, whole or not at all.

    Besides what llama.cpp needs it carries the SHA-256 of the base and the prompt form that it was trained on.
    Raises OSError where the disk does not let it.
    """
    import gguf

    with whole(path) as fresh:
        writer = gguf.GGUFWriter(str(fresh), layout.architecture)
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_name(name)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, adapter.alpha)
        writer.add_string(BASE_KEY, base_sha256)
        writer.add_string(FORM_KEY, form)
        for weight in sorted(adapter.pairs):
            a, b = adapter.pairs[weight]
            writer.add_tensor(f"{weight}.weight.lora_a", a.astype(np.float16))
            writer.add_tensor(f"{weight}.weight.lora_b", np.ascontiguousarray(b).astype(np.float16))
        finish(writer)


def finish(writer: object) -> None:
    """Write header, metadata and tensors of a GGUFWriter, and close it."""
    writer.write_header_to_file()  # type: ignore[attr-defined]
    writer.write_kv_data_to_file()  # type: ignore[attr-defined]
    writer.write_tensors_to_file()  # type: ignore[attr-defined]
    writer.close()  # type: ignore[attr-defined]


def read_adapter(path: Path) -> tuple[Adapter, dict[str, str]]:
    """A GGUF adapter and its string metadata. Raises BaseModelError."""
    import gguf

    try:
        reader = gguf.GGUFReader(str(path))
        fields = {key: field.contents() for key, field in reader.fields.items()}
        tensors = {tensor.name: np.array(tensor.data, dtype=np.float32) for tensor in reader.tensors}
        alpha = float(fields[gguf.Keys.Adapter.LORA_ALPHA])
    except _UNREADABLE as error:
        raise BaseModelError(f"{str(path)!r} is not a GGUF adapter: {error}.", _AGAIN) from error
    ends = ".weight.lora_a"
    names = [name.removesuffix(ends) for name in tensors if name.endswith(ends)]
    pairs = {name: (tensors[f"{name}.weight.lora_a"], tensors[f"{name}.weight.lora_b"]) for name in names}
    if not pairs:
        raise BaseModelError(f"{str(path)!r} holds no LoRA weights.", _AGAIN)
    rank = next(iter(pairs.values()))[0].shape[0]
    return Adapter(pairs, alpha, rank), {key: value for key, value in fields.items() if isinstance(value, str)}


def read_metadata(path: Path) -> dict[str, str]:
    """The string metadata of a GGUF file, its header alone read. Raises BaseModelError."""
    import gguf

    try:
        reader = gguf.GGUFReader(str(path))
        fields = {key: field.contents() for key, field in reader.fields.items()}
    except _UNREADABLE as error:
        raise BaseModelError(f"{str(path)!r} is not a whole GGUF file: {error}.", _AGAIN) from error
    return {key: value for key, value in fields.items() if isinstance(value, str)}


def check_base(path: Path, metadata: Mapping[str, str], base_sha256: str) -> None:
    """Raise BaseModelError where the adapter `path` was made for another base than that of `base_sha256`."""
    made_for = metadata.get(BASE_KEY, "")
    if made_for != base_sha256:
        known = f"for the base with SHA-256 {made_for[:12]}…" if made_for else "for a base that it does not name"
        raise BaseModelError(
            f"{str(path)!r} was made {known}, not for this one ({base_sha256[:12]}…).",
            "Fine-tune on the base that is served, or serve the base of the adapter.",
        )
