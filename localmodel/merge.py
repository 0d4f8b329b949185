"""The adapter merged into the base: one GGUF file with the base's tokenizer and metadata, 16 bits wide."""

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from localmodel.adapter import BASE_KEY, FORM_KEY, Adapter
from localmodel.atomic_files import whole
from localmodel.errors import BaseModelError

_COMPUTED = ("general.architecture", "general.file_type", "general.quantization_version")


def merge(base: Path, adapter: Adapter, path: Path, *, name: str, base_sha256: str, form: str) -> None:
    """Write the merged model, whole or not at all: weights of two dimensions as F16, the others as they are.

    It is a sum in GGUF's own layout, `weight + scale * b @ a`, and needs no other library to know the model. One tensor
    at a time is in memory.
    Raises BaseModelError where the adapter's layers are not the base's, OSError where the disk does not let it.
    """
    import gguf

    reader = gguf.GGUFReader(str(base))
    _check_layers(base, reader, adapter)
    architecture = str(reader.fields["general.architecture"].contents())
    with whole(path) as fresh, closing(gguf.GGUFWriter(str(fresh), architecture)) as writer:
        _copy_metadata(reader, writer, {"general.name": name, BASE_KEY: base_sha256, FORM_KEY: form})
        writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
        for tensor in reader.tensors:
            kind = _kind(tensor)
            shape = tuple(map(int, reversed(tensor.shape)))
            writer.add_tensor_info(tensor.name, shape, kind, tensor.n_elements * kind.itemsize)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in reader.tensors:
            writer.write_tensor_data(_merged(tensor, adapter))


def _check_layers(base: Path, reader: Any, adapter: Adapter) -> None:
    shapes = {tensor.name.removesuffix(".weight"): tuple(map(int, tensor.shape)) for tensor in reader.tensors}
    for layer, (a, b) in sorted(adapter.pairs.items()):
        if layer not in shapes:
            raise BaseModelError(f"{str(base)!r} has no layer {layer!r}.", "Merge it with its own base.")
        if shapes[layer] != (a.shape[1], b.shape[0]):
            raise BaseModelError(
                f"{str(base)!r} has {shapes[layer]} weights in {layer!r}, the adapter {(a.shape[1], b.shape[0])}.",
                "Merge it with its own base.",
            )


def _copy_metadata(reader: Any, writer: Any, own: dict[str, str]) -> None:
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in _COMPUTED or key in own:
            continue
        sub_type = field.types[-1] if len(field.types) > 1 else None
        writer.add_key_value(key, field.contents(), field.types[0], sub_type=sub_type)
    for key, value in own.items():
        writer.add_string(key, value)


def _merged(tensor: Any, adapter: Adapter) -> Any:
    import gguf

    weight = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    pair = adapter.pairs.get(tensor.name.removesuffix(".weight"))
    if pair is not None:
        a, b = pair
        weight = weight + adapter.scale * (b @ a)
    return weight.astype(_kind(tensor))


def _kind(tensor: Any) -> np.dtype[Any]:
    return np.dtype(np.float16 if len(tensor.shape) == 2 else np.float32)
