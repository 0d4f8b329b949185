"""The one-time export of a sentence-transformers model to int8 ONNX.

Dynamic quantisation halves the time of a message or better. Which scheme is right depends on the CPU: int8
weights are exact with VNNI and on ARM but may saturate elsewhere, uint8 weights never do (onnxruntime's
quantisation guide). So a scheme is kept only if, on this CPU, its embeddings agree with those of the
unquantised model.
"""

import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from localmodel.atomic_files import sha256
from router.encoder.onnx import CARD, ONNX, TOKENIZER, OnnxSession
from router.errors import EncoderError

SCHEMES = ("avx512_vnni", "avx2")
MIN_COSINE = 0.95
_POOLINGS = ("mean", "cls")
_PROBES = [
    "where is my parcel, it was due monday",
    "do you ship to Canada",
    "Hello, I bought a tent last week and one of its poles has broken. What can I do?",
    "write a poem about the sea",
]


def export(model: str, folder: Path, adapter: Path | None = None) -> None:
    """Write `model` (a path or name that sentence-transformers knows) to `folder`, with its card
    `export.json`; if an `adapter` is given, with that worked into its weights.

    Raises EncoderError when it cannot be loaded, the adapter is not of this model, it pools otherwise than by
    mean or CLS, or when quantisation spoils it (cosine with the unquantised model under `MIN_COSINE`).
    """
    with _quiet(), tempfile.TemporaryDirectory() as scratch:
        loaded = _load(_merged(model, adapter, Path(scratch)) if adapter else model)
        try:
            card = _write(loaded, model, folder)
        finally:  # else the folder goes when the model does, at some later time and with a warning
            loaded.transformers_model._model_save_dir_tempdirectory_instance.cleanup()
    (folder / CARD).write_text(json.dumps(card, indent=1), encoding="utf-8")


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what torch, transformers and optimum say of their own deprecations."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _write(loaded: Any, model: str, folder: Path) -> dict[str, Any]:
    card = {"model": model, "max_tokens": int(loaded.max_seq_length), "pooling": _pooling(loaded, model)}
    _save_tokenizer(loaded, folder)
    card["scheme"], card["cosine"] = _quantise(loaded, folder, card)
    return card | {"sha256": {name: sha256(folder / name) for name in (ONNX, TOKENIZER)}}


def _merged(model: str, adapter: Path, folder: Path) -> str:
    from router.encoder.lora import merge

    try:
        merge(model, adapter, folder)
    except Exception as error:  # whatever peft or safetensors raise: the remedy is the same
        hint = "Remove the folder, or run `firstline encoder tune` again."
        raise EncoderError(f"The adapter in {str(adapter)!r} does not fit {model!r}: {error}.", hint) from error
    return str(folder)


def _load(model: str) -> Any:
    from sentence_transformers import SentenceTransformer

    options = {"export": True, "provider": "CPUExecutionProvider"}
    try:
        return SentenceTransformer(model, backend="onnx", device="cpu", model_kwargs=options)
    except Exception as error:  # whatever optimum, transformers or the hub raise: the remedy is the same
        hint = "Give the folder of a sentence-transformers model, or a name that this machine can fetch."
        raise EncoderError(f"The encoder {model!r} cannot be exported: {error}.", hint) from error


def _pooling(loaded: Any, model: str) -> str:
    names = [type(module).__name__ for module in loaded]
    mode = str(loaded[1].pooling_mode) if names[:2] == ["Transformer", "Pooling"] else ""
    if mode not in _POOLINGS or set(names[2:]) > {"Normalize"}:
        what = f"The encoder {model!r} is {' + '.join(names)} with pooling {mode!r}."
        raise EncoderError(what, "Use one that is Transformer + Pooling (mean or cls), Normalize at most after it.")
    return mode


def _save_tokenizer(loaded: Any, folder: Path) -> None:
    loaded.tokenizer.save_pretrained(str(folder / "tokenizer"))
    (folder / "tokenizer" / TOKENIZER).rename(folder / TOKENIZER)
    shutil.rmtree(folder / "tokenizer")


def _quantise(loaded: Any, folder: Path, card: dict[str, Any]) -> tuple[str, float]:
    from sentence_transformers import export_dynamic_quantized_onnx_model

    reference = loaded.encode(_PROBES, normalize_embeddings=True)
    cosine = 0.0
    for scheme in SCHEMES:
        export_dynamic_quantized_onnx_model(loaded, scheme, str(folder / scheme))
        next((folder / scheme).rglob("*.onnx")).rename(folder / ONNX)
        shutil.rmtree(folder / scheme)
        session = OnnxSession(folder / ONNX, folder / TOKENIZER, card["max_tokens"], card["pooling"])
        vectors = np.stack([session.run(text) for text in _PROBES])
        cosine = round(float((vectors * reference).sum(axis=1).min()), 4)
        if cosine >= MIN_COSINE:
            return scheme, cosine
    hint = "Use another encoder; this one does not stand int8."
    raise EncoderError(f"The encoder {card['model']!r} changes when quantised (cosine {cosine}).", hint)
