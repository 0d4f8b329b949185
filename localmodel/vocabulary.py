"""The base model's own vocabulary and chat template, read by the engine that serves it.

What is trained is defused and cut into tokens by the code that serves, so the two cannot differ.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

from finetune.data.conversation import Message
from finetune.errors import BaseModelError

_HINT = "Name an instruction-tuned GGUF file that llama.cpp can load."


class Vocabulary:
    """Tokens and template of one GGUF file; its weights are not loaded.

    `metadata` is the file's, as strings; `eos` the token that ends an answer, `end` its text.
    """

    def __init__(self, path: Path) -> None:
        """Raises BaseModelError where the file cannot be read or has no chat template."""
        from llama_cpp import Llama
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        self.path = path
        try:
            with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
                self._llama: Any = Llama(str(path), vocab_only=True, verbose=False)
        except Exception as error:
            raise BaseModelError(f"{str(path)!r} cannot be loaded: {error}.", _HINT) from error
        self.metadata: dict[str, str] = dict(self._llama.metadata)
        self.template = self.metadata.get("tokenizer.chat_template", "")
        if not self.template:
            raise BaseModelError(f"{str(path)!r} carries no chat template.", _HINT)
        self._control = tuple(control_texts(self._llama))
        self.eos: int = self._llama.token_eos()
        bos, self.end = (self._word(token) for token in (self._llama.token_bos(), self.eos))
        named: Any = {"template": self.template, "eos_token": self.end, "bos_token": bos}
        self._format = Jinja2ChatFormatter(**named)
        self._format_whole = Jinja2ChatFormatter(**named, add_generation_prompt=False)

    def prompt(self, messages: Sequence[Message]) -> str:
        """The messages in the model's own template, ready for an answer to follow."""
        return str(self._format(messages=self._plain(messages)).prompt)

    def whole(self, messages: Sequence[Message]) -> str:
        """The messages in the model's own template, and nothing after them."""
        return str(self._format_whole(messages=self._plain(messages)).prompt)

    def defused(self, text: str) -> str:
        """What somebody wrote, as it stands in a prompt: what spells a control token is split by a space."""
        return defused(text, self._control)

    def tokens(self, text: str) -> list[int]:
        """`text` as tokens; what spells a control token is one."""
        return list(self._llama.tokenize(text.encode(), add_bos=False, special=True))

    def text(self, tokens: Sequence[int]) -> str:
        """Tokens as text, control tokens left out."""
        return bytes(self._llama.detokenize(list(tokens))).decode(errors="replace")

    def _word(self, token: int) -> str:
        return str(self._llama._model.token_get_text(token)) if token >= 0 else ""

    def close(self) -> None:
        """Free it."""
        self._llama.close()

    def _plain(self, messages: Sequence[Message]) -> Any:
        return [{"role": message.role.value, "content": self.defused(message.content)} for message in messages]


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
