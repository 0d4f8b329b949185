"""A model's vocabulary and chat template: from messages to tokens, and back.

The engine that serves and the trainer both cut text here, so the two cannot differ.
"""

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from localmodel.chat_template import ChatTemplate, Message, Plain, token_text
from localmodel.llama import load_llama

_PIECE_BYTES = 512


class Vocabulary:
    """Tokens and template of `llama`, a `llama_cpp.Llama` loaded from `path`.

    `metadata` is the file's, as strings; `eos` the token that ends an answer, `end` its text.
    """

    def __init__(self, llama: Any, path: Path) -> None:
        """Raises ModelFileError where the file has no chat template, or none that can be used."""
        self.llama = llama
        self.path = path
        self.metadata: dict[str, str] = dict(llama.metadata)
        self._template = ChatTemplate.of(llama, str(path))
        self._control = tuple(control_texts(llama))
        self.eos: int = llama.token_eos()
        self.end = token_text(llama, self.eos)

    @classmethod
    def of(cls, llama: Any, path: Path) -> "Vocabulary":
        """As the constructor; but where it fails, the model is freed."""
        try:
            return cls(llama, path)
        except Exception:
            llama.close()
            raise

    @classmethod
    def open(cls, path: Path) -> "Vocabulary":
        """That of a GGUF file, of which nothing else is loaded. Raises ModelFileError."""
        return cls.of(load_llama(path, vocab_only=True), path)

    def prompt(self, messages: Sequence[Message]) -> str:
        """The messages in the model's own template, ready for an answer to follow; what somebody wrote is defused."""
        return self._template.prompt(self._plain(messages))

    def whole(self, messages: Sequence[Message]) -> str:
        """The messages in the model's own template, and nothing after them; what somebody wrote is defused."""
        return self._template.whole(self._plain(messages))

    def defused(self, text: str) -> str:
        """What somebody wrote, as it stands in a prompt: what spells a control token is split by a space."""
        return defused(text, self._control)

    def tokens(self, text: str) -> list[int]:
        """`text` as tokens; what spells a control token is one."""
        return list(self.llama.tokenize(text.encode(errors="replace"), add_bos=False, special=True))

    def plain_tokens(self, text: str) -> list[int]:
        """`text` as tokens, none of which is a control token."""
        return list(self.llama.tokenize(text.encode(errors="replace"), add_bos=False, special=False))

    def piece(self, token: int) -> bytes:
        """What one token adds to a text: part of a character, or nothing where it is a control token."""
        import llama_cpp

        vocab, buffer = llama_cpp.llama_model_get_vocab(self.llama.model), ctypes.create_string_buffer(_PIECE_BYTES)
        size = llama_cpp.llama_token_to_piece(vocab, token, buffer, _PIECE_BYTES, 0, False)
        return buffer.raw[: max(size, 0)]

    def text(self, tokens: Sequence[int]) -> str:
        """Tokens as text, control tokens left out."""
        return bytes(self.llama.detokenize(list(tokens))).decode(errors="replace")

    def close(self) -> None:
        """Free the model."""
        self.llama.close()

    def _plain(self, messages: Sequence[Message]) -> list[Plain]:
        return [Plain(message.role, self.defused(message.content)) for message in messages]


def control_texts(llama: Any) -> Iterator[str]:
    """How the control tokens of a `llama_cpp.Llama` are spelt."""
    import llama_cpp

    vocab = llama_cpp.llama_model_get_vocab(llama.model)
    for token in range(llama.n_vocab()):
        if llama_cpp.llama_vocab_get_attr(vocab, token) & llama_cpp.LLAMA_TOKEN_ATTR_CONTROL:
            spelt = llama_cpp.llama_vocab_get_text(vocab, token).decode(errors="replace")
            if spelt:
                yield spelt


def defused(text: str, control: Iterable[str]) -> str:
    """The text with each of the `control` texts in it split by a space, so that nobody can write a turn of another."""
    for spelt in control:
        if spelt in text:
            text = text.replace(spelt, f"{spelt[0]} {spelt[1:]}")
    return text
