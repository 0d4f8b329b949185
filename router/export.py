"""The one-time export of a sentence-transformers model to int8 ONNX.

Dynamic quantisation halves the time of one message or better. Which of the two schemes is right depends on the CPU:
int8 weights are exact with VNNI (and on ARM) but may saturate without it, uint8 weights never do (onnxruntime's
quantisation guide). So the first is kept only if its embeddings agree with the unquantised ones on this CPU.
"""

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router.errors import EncoderError
from router.session import ONNX, TOKENIZER, OnnxSession
from router.storage import sha256

SCHEMES = ("avx512_vnni", "avx2")
MIN_COSINE = 0.95
_POOLINGS = ("mean", "cls")
_PROBES = (
    "where is my parcel, it was due monday",
    "do you ship to Canada",
    "Hello, I bought a tent last week and one of its poles has broken. What can I do?",
    "write a poem about the sea",
)


def export(model: str, folder: Path) -> None:
    """Write `model` (a path or name that sentence-transformers knows) to `folder` with its card, `export.json`.

    Raises EncoderError when it cannot be loaded, is not a transformer with mean or CLS pooling, or does not survive
    quantisation (cosine with the unquantised model under `MIN_COSINE`).
    """
    with warnings.catch_warnings():  # torch and optimum announce their own deprecations
        warnings.simplefilter("ignore")
        loaded = _load(model)
        card = {"model": model, "max_tokens": int(loaded.max_seq_length), "pooling": _pooling(loaded, model)}
        loaded.tokenizer.save_pretrained(str(folder / "full"))
        reference = _reference(loaded)
        cosine, scheme = _quantise(loaded, folder, card, reference)
    hashes = {name: sha256(folder / name) for name in (ONNX, TOKENIZER)}
    card |= {"scheme": scheme, "cosine": round(cosine, 4), "sha256": hashes}
    (folder / "export.json").write_text(json.dumps(card, indent=1), encoding="utf-8")
