"""An exported encoder as onnxruntime runs it: text in, one unit vector out."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer  # type: ignore[import-untyped]

CARD = "export.json"
ONNX = "model.onnx"
TOKENIZER = "tokenizer.json"
ort.disable_telemetry_events()  # where it was imported before `localmodel.quiet` could speak
THREADS = 1  # a second one saves 0.3 ms on an idle machine, costs ten while another model computes


class OnnxSession:
    """Tokeniser and network. `run` is thread-safe; it takes 1 to 2 ms for a short message on one modern core.

    Messages run one at a time: dynamic quantisation takes its scale from the whole batch, so the same text
    would get another vector in other company.
    """

    def __init__(self, onnx: Path, tokenizer: Path, max_tokens: int, pooling: str) -> None:
        self._tokenizer: Any = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        self._session: Any = ort.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._pooling = pooling

    def knows(self, word: str) -> bool:
        """Whether the vocabulary has this word whole (as WordPiece or SentencePiece write it)."""
        return any(self._tokenizer.token_to_id(token) is not None for token in (word, f"▁{word}", f"Ġ{word}"))

    def run(self, text: str) -> NDArray[np.float32]:
        """The text's vector, L2-normalised, of shape (d,). Tokens beyond the model's limit are not read."""
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (tokens,) = self._session.run(None, {k: v for k, v in feed.items() if k in self._inputs})[0]
        vector: NDArray[np.float32] = tokens[0] if self._pooling == "cls" else tokens.mean(axis=0)
        return vector / max(float(np.linalg.norm(vector)), 1e-12)
