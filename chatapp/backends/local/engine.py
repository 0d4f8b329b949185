"""llama.cpp, one generation at a time, with no knowledge of asyncio, queues or money.

The loop is ours and not `Llama.generate` for three things that it does not give: an abort that also ends a
running prompt evaluation, the number of prompt tokens served from the warm prefix, and the probability of
each token without keeping the logits of the whole context.
"""

import codecs
import ctypes
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chatapp.backends.base import ChatMessage, Token
from chatapp.backends.local.model import as_operators_error
from chatapp.errors import LocalModelError, ProviderContextError
from localmodel.llama import Adapters, load_llama
from localmodel.processors import usable_processors
from localmodel.vocabulary import Vocabulary

_PIECE_BYTES = 512
_TOP_K, _TOP_P, _MIN_P = 40, 0.95, 0.05  # llama.cpp's own defaults


class Abort:
    """A flag that native code reads by itself.

    llama.cpp asks its abort callback after every graph node, 605 times a token for SmolLM2-135M. A callback
    in Python would take the interpreter's lock each time, so the callback is libc's `strlen` on these two
    bytes: empty is false, one character is true.
    """

    def __init__(self) -> None:
        self._bytes = ctypes.create_string_buffer(2)

    def set(self) -> None:
        """End the generation that watches this flag; safe from any thread and to repeat."""
        self._bytes[0] = b"\1"

    @property
    def is_set(self) -> bool:
        """Whether the generation shall end."""
        return self._bytes[0] != b"\0"

    def watch(self, llama: Any) -> None:
        """Make the context of `llama` obey this flag from now on."""
        import llama_cpp

        libc = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        callback = ctypes.cast(libc.strlen, llama_cpp.ggml_abort_callback)
        llama_cpp.llama_set_abort_callback(llama.ctx, callback, ctypes.cast(self._bytes, ctypes.c_void_p))


class Engine:
    """One GGUF model in memory, for one thread; `tokenize` alone, which only reads the vocabulary, for any.

    Invariants: with `temperature` 0, or the same `seed`, the same prompt gives the same tokens as long as the
    same part of it is warm; after an abort or an error the next generation is not affected.
    """

    def __init__(self, path: Path, context_tokens: int, threads: int = 0) -> None:
        """Load the file. Raises ModelFileError."""
        import llama_cpp

        threads = threads or usable_processors().threads
        with as_operators_error():
            self._vocabulary = Vocabulary.of(load_llama(path, threads=threads, n_ctx=context_tokens), path)
        self._llama = self._vocabulary.llama
        self._adapters = Adapters(self._llama)
        self._cpp: Any = llama_cpp
        self._vocab = llama_cpp.llama_model_get_vocab(self._llama.model)
        self._size = self._llama.n_vocab()
        self.context_tokens: int = self._llama.n_ctx()
        self._watched: Abort | None = None

    @property
    def metadata(self) -> dict[str, str]:
        """The file's own metadata."""
        return self._vocabulary.metadata

    def use(self, adapter: Path | None) -> None:
        """Put this LoRA (GGUF) over the model from the next prompt on, or none; raises ModelFileError.

        What is warm is forgotten when the adapter changes; when it cannot be loaded, nothing does.
        """
        with as_operators_error():
            changed = self._adapters.use(adapter)
        if changed:
            self._rewind(0)

    def tokenize(self, messages: Sequence[ChatMessage]) -> list[int]:
        """The prompt of these messages in the model's own chat template, ready for the answer to follow.

        Text that spells one of the model's control tokens is split by a space, so that nobody can write a
        turn of somebody else. Raises LocalModelError.
        """
        try:
            return self._vocabulary.tokens(self._vocabulary.prompt(messages))
        except Exception as error:
            raise local_fault("The model's chat template failed", error) from error

    def prefill(self, prompt: Sequence[int], abort: Abort) -> int:
        """Evaluate the prompt and return how many of its tokens were warm already.

        At least one token is evaluated, for its logits. Raises ProviderContextError, LocalModelError.
        """
        if len(prompt) >= self.context_tokens:
            raise ProviderContextError(
                f"The prompt has {len(prompt)} tokens, the local model's context {self.context_tokens}.",
                "Raise FIRSTLINE_LOCAL_CONTEXT_TOKENS or lower FIRSTLINE_LOCAL_PROMPT_TOKENS.",
            )
        try:
            abort.watch(self._llama)
            self._watched = abort  # native code reads it until the next prompt
            warm = self._rewind(_common(self._llama.input_ids[: self._llama.n_tokens], prompt[:-1]))
            self._llama.eval(prompt[warm:])
        except Exception as error:
            if abort.is_set:
                return 0
            raise local_fault("The local model could not read the prompt", error) from error
        return warm

    def decode(self, max_tokens: int, temperature: float, seed: int, abort: Abort) -> Iterator[Token]:
        """Tokens of the answer, until its end, `max_tokens`, the end of the context, or the abort.

        Text is "" where a token only begins a character; the logprob is the model's own, before the
        temperature. Raises LocalModelError.
        """
        try:
            sample = self._sampler(temperature, seed)
            utf8 = codecs.getincrementaldecoder("utf-8")("replace")
            for _ in range(min(max_tokens, self.context_tokens - self._llama.n_tokens)):
                token, logprob = sample()
                if abort.is_set or self._cpp.llama_vocab_is_eog(self._vocab, token):
                    return
                yield Token(utf8.decode(self._piece(token)), logprob)
                self._llama.eval([token])
        except Exception as error:
            if not abort.is_set:
                raise local_fault("The local model failed in the middle of an answer", error) from error

    def close(self) -> None:
        """Free the model's memory; nothing may be called after it."""
        self._llama.close()

    def _rewind(self, kept: int) -> int:
        memory = self._cpp.llama_get_memory(self._llama.ctx)
        if not self._cpp.llama_memory_seq_rm(memory, 0, kept, -1):  # recurrent models cannot forget a part
            self._cpp.llama_memory_clear(memory, True)
            kept = 0
        self._llama.n_tokens = kept
        return kept

    def _sampler(self, temperature: float, seed: int) -> Callable[[], tuple[int, float]]:
        if temperature == 0:
            return lambda: self._scored(None)
        chain = self._llama._init_sampler  # the only maker of sampler chains that llama-cpp-python has
        self._llama.set_seed(seed)
        sampler = chain(top_k=_TOP_K, top_p=_TOP_P, min_p=_MIN_P, temp=temperature)
        return lambda: self._scored(sampler.sample(self._llama._ctx, -1))

    def _scored(self, token: int | None) -> tuple[int, float]:
        pointer = self._cpp.llama_get_logits_ith(self._llama.ctx, -1)
        logits = np.ctypeslib.as_array(pointer, shape=(self._size,))
        best = int(logits.argmax())
        shifted = logits - logits[best]
        chosen = best if token is None else token
        # float64 only for the sum: exp of 49,152 float32 values is what costs here.
        return chosen, float(shifted[chosen] - np.log(np.exp(shifted).sum(dtype=np.float64)))

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        size = self._cpp.llama_token_to_piece(self._vocab, token, buffer, _PIECE_BYTES, 0, False)
        return buffer.raw[: max(size, 0)]


def local_fault(what: str, error: Exception) -> LocalModelError:
    """`error` of the engine as a LocalModelError; `what` says what was being done."""
    return LocalModelError(
        f"{what}: {type(error).__name__} {str(error)!r}.",
        "Try again; if it stays, run `firstline doctor` and check the file of FIRSTLINE_LOCAL_MODEL.",
    )


def _common(warm: Any, prompt: Sequence[int]) -> int:
    size = min(len(warm), len(prompt))
    differs = np.flatnonzero(warm[:size] != np.asarray(prompt[:size], dtype=warm.dtype))
    return int(differs[0]) if len(differs) else size
