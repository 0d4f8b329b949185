"""What PEFT's adapter says in PyTorch, without llama.cpp: the yardstick for every exported variant."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finetune.training.base import Base, load_torch
from localmodel.errors import BaseModelError

_BATCH = 8


def torch_answers(base: Base, folder: Path, prompts: Sequence[Sequence[int]], max_tokens: int) -> list[str]:
    """Greedy answers, 32 bits wide, to prompts in tokens; `folder` is where PEFT saved the adapter.

    About a second an answer on two cores for a model of 135M. Raises BaseModelError.
    """
    from peft import PeftModel

    try:
        model = PeftModel.from_pretrained(load_torch(base), str(folder)).eval()
    except (OSError, ValueError) as error:
        raise BaseModelError(f"{folder} holds no PEFT adapter: {error}.", "Name a run that has ended.") from error
    order = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))
    said = [""] * len(prompts)
    for start in range(0, len(order), _BATCH):
        chosen = order[start : start + _BATCH]
        for number, tokens in zip(chosen, _greedy(model, base, [prompts[n] for n in chosen], max_tokens), strict=True):
            said[number] = base.vocabulary.text(tokens).strip()
    return said


def _greedy(model: Any, base: Base, prompts: Sequence[Sequence[int]], max_tokens: int) -> list[list[int]]:
    import torch

    longest, end = max(map(len, prompts)), base.vocabulary.eos
    rows = torch.tensor([[end] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    with torch.no_grad():
        found = model.generate(
            input_ids=rows,
            attention_mask=mask,
            max_new_tokens=max_tokens,
            do_sample=False,
            eos_token_id=end,
            pad_token_id=end,
        )
    answers = [[int(token) for token in row] for row in found[:, longest:]]
    return [answer[: answer.index(end)] if end in answer else answer for answer in answers]
