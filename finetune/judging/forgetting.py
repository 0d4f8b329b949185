"""What fine-tuning makes a model forget: general questions with four options, asked before and after.

Each option is scored by its log-likelihood under the model, so nothing is generated and nothing is random.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError
from scipy.special import log_softmax  # type: ignore[import-untyped]

from finetune.data.problem import refusal_of, shown
from finetune.errors import DataError
from localmodel.llama import Adapters, load_llama
from router.stats import Share, mcnemar

FILE = "general.jsonl"
OPTIONS = 4
CONTEXT_TOKENS = 512
Text = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$")]
_SHAPE = 'Write {"kind": "words", "question": "…", "options": [four different strings], "answer": 0 to 3}.'

Likelihood = Callable[[str, str], float]
"""Of a prompt and its continuation: the natural logarithm of the continuation's probability after the prompt."""


class Kind(StrEnum):
    """What a question asks of the model."""

    KNOWLEDGE = "knowledge"
    SENSE = "sense"
    WORDS = "words"
    GRAMMAR = "grammar"
    ARITHMETIC = "arithmetic"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with four different options; `answer` is the place of the right one, from 0."""

    kind: Kind
    question: Text
    options: tuple[Text, Text, Text, Text]
    answer: Annotated[int, Field(ge=0, lt=OPTIONS)]

    @property
    def prompt(self) -> str:
        """Plain text without the chat template, so that a base that was never tuned to chat is asked the same."""
        return f"Question: {self.question}\nAnswer:"


_CHOICE = TypeAdapter(Choice)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The same questions before and after: shares that are right, and how many changed.

    `lost` were right only before, `gained` only after; `p` is that of McNemar's exact test (1947), two-sided.
    """

    before: Share
    after: Share
    lost: int
    gained: int
    p: float


def read_choices() -> tuple[Choice, ...]:
    """The questions that the package carries. Raises DataError with file and line."""
    return parse_choices((files("finetune.judging") / FILE).read_text(encoding="utf-8"))


def parse_choices(text: str) -> tuple[Choice, ...]:
    """Questions, one JSON object a line, blank lines skipped. Raises DataError at what is malformed or said twice."""
    found: dict[str, Choice] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            choice = _choice(number, line)
            if choice.question in found:
                raise _error(number, f"the question {shown(choice.question)} a second time.", "Remove one of the two.")
            found[choice.question] = choice
    if not found:
        raise DataError(f"{FILE}: no questions.", "Install Firstline again.")
    return tuple(found.values())


def score(choices: Sequence[Choice], log_likelihood: Likelihood) -> tuple[bool, ...]:
    """For each question, whether the right option is likelier than every other; a tie is wrong.

    Likelihoods are totals, not means per token: they are probabilities of whole answers, and the options of a question
    are of similar length. Per token, a long option of predictable tokens would win over a short right one.
    """
    return tuple(_right(choice, log_likelihood) for choice in choices)


def compare(before: Sequence[bool], after: Sequence[bool]) -> Forgotten:
    """Two scores of the same questions in the same order. Raises ValueError where their numbers differ."""
    pairs = list(zip(before, after, strict=True))
    lost, gained = pairs.count((True, False)), pairs.count((False, True))
    first, second = (Share(sum(right), len(pairs)) for right in (before, after))
    return Forgotten(first, second, lost, gained, mcnemar(gained, lost))


@contextmanager
def likelihoods(path: Path, adapter: Path | None = None, *, threads: int = 1) -> Iterator[Likelihood]:
    """Likelihoods under the GGUF model `path`, with the LoRA `adapter` (GGUF) over it; freed at the end.

    What one pair of texts scores does not depend on what was asked before; pairs with the same prompt in turn are
    quickest. One of the `threads` is enough for a small model, and leaves a busy machine its cores. Raises
    ModelFileError or BaseModelError where the model or the adapter cannot be loaded; asking raises DataError where
    prompt and continuation exceed `CONTEXT_TOKENS`.
    """
    llama = load_llama(path, threads=threads, n_ctx=CONTEXT_TOKENS, logits_all=True)
    try:
        Adapters(llama).use(adapter)
        yield _Reader(llama)
    finally:
        llama.close()


class _Reader:
    """A `Likelihood` of one `llama_cpp.Llama`; keeps the prompt that it read last.

    Prompt and continuation are always evaluated apart: the order of additions in a batch depends on its size, and so
    the last digits of a logit would depend on whether the prompt was kept.
    """

    def __init__(self, llama: Any) -> None:
        self._llama = llama
        self._kept: list[int] = []

    def __call__(self, prompt: str, continuation: str) -> float:
        tokens, start = self._cut(prompt, continuation)
        if len(tokens) > CONTEXT_TOKENS:
            raise DataError(
                f"{shown(prompt)} and {shown(continuation)} have {len(tokens)} tokens, more than {CONTEXT_TOKENS}.",
                "Ask a shorter question.",
            )
        self._read(tokens[:start])
        if len(tokens) - start > 1:  # nothing follows the last token, so it is not evaluated
            self._llama.eval(tokens[start:-1])
        logits = self._llama.scores[start - 1 : len(tokens) - 1].astype(np.float64)
        return float(log_softmax(logits, axis=-1)[np.arange(len(tokens) - start), tokens[start:]].sum())

    def _cut(self, prompt: str, continuation: str) -> tuple[list[int], int]:
        """The tokens of both texts together, as a word at the cut is split otherwise, and how many are the prompt's."""
        before, whole = (self._llama.tokenize(text.encode()) for text in (prompt, prompt + continuation))
        pairs = zip(before, whole, strict=False)
        same = next((place for place, (one, other) in enumerate(pairs) if one != other), len(before))
        return whole, min(same, len(whole))

    def _read(self, prompt: list[int]) -> None:
        if prompt != self._kept:
            self._llama.reset()
            self._llama.eval(prompt)
            self._kept = prompt
        self._llama.n_tokens = len(prompt)  # `eval` forgets what comes after


def _right(choice: Choice, log_likelihood: Likelihood) -> bool:
    likely = [log_likelihood(choice.prompt, f" {option}") for option in choice.options]
    return all(likely[choice.answer] > other for place, other in enumerate(likely) if place != choice.answer)


def _choice(number: int, line: str) -> Choice:
    try:
        choice = _CHOICE.validate_json(line, strict=True)
    except ValidationError as error:
        raise _error(number, f"{refusal_of(error)}.", _SHAPE) from None
    if len(set(choice.options)) < OPTIONS:
        raise _error(number, f"'options' is {shown(choice.options)}.", _SHAPE)
    return choice


def _error(number: int, what: str, hint: str) -> DataError:
    return DataError(f"{FILE}:{number}: {what}", hint)
