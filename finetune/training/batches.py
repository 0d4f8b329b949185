"""A batch of examples, padded on the left so that all answers end at the same position."""

from collections.abc import Sequence
from typing import Any

from finetune.training.examples import IGNORE, Example


def collate(examples: Sequence[Example]) -> dict[str, Any]:
    """Tensors of a batch of n, T tokens the longest: `input_ids`, `attention_mask`, `position_ids` (n, T) and `labels`
    (n, k), the last k places, from one before the first that carries loss: logits are needed there alone.
    """
    import torch

    longest = max(len(example.tokens) for example in examples)
    tokens = [_left(example.tokens, longest, 0) for example in examples]
    mask = torch.tensor([_left((1,) * len(example.tokens), longest, 0) for example in examples])
    labels = torch.tensor([_left(example.labels, longest, IGNORE) for example in examples])
    first = int((labels != IGNORE).any(dim=0).nonzero()[0])
    return {
        "input_ids": torch.tensor(tokens),
        "attention_mask": mask,
        "position_ids": (mask.cumsum(dim=1) - 1).clamp(min=0),
        "labels": labels[:, max(first - 1, 0) :],
    }


def mean_loss(model: Any, batch: dict[str, Any], tokens: Any = None) -> Any:
    """Cross entropy in nats a token that carries loss, of all `tokens` of a step or of this batch."""
    from torch.nn.functional import cross_entropy

    labels = batch["labels"]
    inputs = {name: value for name, value in batch.items() if name != "labels"}
    logits = model(**inputs, logits_to_keep=labels.shape[1], use_cache=False).logits
    wanted = labels[:, 1:].flatten()
    spoken = wanted != IGNORE
    total = cross_entropy(logits[:, :-1].flatten(0, 1)[spoken].float(), wanted[spoken], reduction="sum")
    return total / (tokens if tokens is not None else spoken.sum())


def _left(values: Sequence[int], length: int, filler: int) -> list[int]:
    return [filler] * (length - len(values)) + list(values)
