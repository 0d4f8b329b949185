"""Conversations as tokens. Only what the assistant says, and the token that ends it, carries loss."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from finetune.data.conversation import Conversation, Role
from finetune.errors import DataError
from localmodel.errors import BaseModelError
from localmodel.vocabulary import Vocabulary

IGNORE = -100
"""The label of a token that carries no loss (the convention of PyTorch's cross entropy)."""


@dataclass(frozen=True, slots=True)
class Example:
    """One conversation in tokens, both fields (n,). `labels` equal `tokens` where the assistant says something to be
    learnt, and are IGNORE elsewhere.
    """

    tokens: tuple[int, ...]
    labels: tuple[int, ...]


def encode(conversation: Conversation, vocabulary: Vocabulary) -> Example:
    """One conversation as an example. Invariant: the tokens that carry loss decode to exactly those words of the
    assistant that are to be learnt (a control token spelt in them is defused), and the end of each such turn is learnt
    too.

    Each turn is cut where serving cuts it, between prompt and answer. Raises BaseModelError where the template changes
    what was said before.
    """
    tokens: list[int] = []
    labels: list[int] = []
    done = ""
    for number, message in enumerate(conversation.messages):
        if message.role is not Role.ASSISTANT:
            continue
        content = vocabulary.defused(message.content)
        prompt = vocabulary.prompt(conversation.messages[:number])
        whole = vocabulary.whole(conversation.messages[: number + 1])
        if not (prompt.startswith(done) and whole.startswith(prompt + content)):
            raise BaseModelError(
                f"The chat template of {str(vocabulary.path)!r} does not set an answer right after its prompt.",
                "Fine-tune a model whose template writes role and content one after the other.",
            )
        asked = vocabulary.tokens(prompt[len(done) :])
        said = [*vocabulary.tokens(content), vocabulary.eos]
        tokens += asked + said
        labels += [IGNORE] * len(asked) + (said if message.learnt else [IGNORE] * len(said))
        done = prompt + content + _end(vocabulary, whole[len(prompt + content) :])
    return Example(tuple(tokens), tuple(labels))


def encode_all(conversations: Iterable[Conversation], vocabulary: Vocabulary, max_tokens: int) -> tuple[Example, ...]:
    """Every conversation. Raises DataError at the first that is longer than `max_tokens`."""
    return tuple(_fitting(conversation, vocabulary, max_tokens) for conversation in conversations)


def _fitting(conversation: Conversation, vocabulary: Vocabulary, max_tokens: int) -> Example:
    example = encode(conversation, vocabulary)
    if len(example.tokens) > max_tokens:
        raise DataError(
            f"{conversation.place}: the example has {len(example.tokens)} tokens, the longest may have {max_tokens}.",
            "Shorten it, or raise `--set max_tokens=…` as far as the model's context goes (it costs memory).",
        )
    return example


def _end(vocabulary: Vocabulary, rest: str) -> str:
    """What of `rest`, the template's text after an answer, is the token that ends it."""
    end = vocabulary.end
    if not rest.startswith(end):
        raise BaseModelError(
            f"The chat template of {str(vocabulary.path)!r} ends an answer with {rest[:20]!r}, not with {end!r}.",
            "Fine-tune a model whose template ends an answer with its end-of-sequence token.",
        )
    return end


def spoken(example: Example) -> list[int]:
    """The tokens that carry loss."""
    return [label for label in example.labels if label != IGNORE]


def lengths(examples: Sequence[Example]) -> list[int]:
    """Tokens of each example."""
    return [len(example.tokens) for example in examples]
