"""Fine-tune the encoder on a pack's own messages with low-rank adapters (LoRA, Hu et al. 2021): minutes on a CPU.

Every category, "out of scope" and every fact has a prototype on the unit sphere; a message is drawn to its own ones and
away from all others (cross-entropy over scaled cosines, Wang et al. 2017, NormFace). Out-of-scope messages and those of
a category that none of its facts answers are the hard negatives. Calibration messages are never learnt from: on them it
is judged whether tuning has helped.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCALE = 20.0  # of the cosines, the inverse temperature of the softmax
PROTOTYPE_SPEED = 5.0  # how much faster the prototypes learn than the adapter
NOISY = 0.15  # share of the messages that are learnt with slips of the keyboard
MAX_TOKENS = 64
WARM_UP = 0.1
IGNORE = -1  # a label that teaches nothing

Labels = NDArray[np.int64]
Report = Callable[[int, int, float], None]
"""Told of each step: its number, how many there are, and the loss.
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to tune. `epochs` 0 means as many as make about 90,000 messages seen, 3 to 8."""

    rank: int = 16
    learning_rate: float = 7e-4
    batch: int = 64
    epochs: int = 0
    seed: int = 7

    def epochs_for(self, rows: int) -> int:
        """How often `rows` messages are gone through."""
        return self.epochs or min(8, max(3, round(90_000 / max(rows, 1))))


def tune(
    model: str, texts: Sequence[str], heads: Sequence[Labels], folder: Path, recipe: Recipe, report: Report
) -> None:
    """Write to `folder` a PEFT adapter for the sentence-transformers model `model`.

    `heads` are labellings (n,) of the n texts, each with classes 0, 1, … and IGNORE. The same input gives the
    same adapter on the same machine.
    """
    import torch
    from peft import LoraConfig, get_peft_model
    from sentence_transformers import SentenceTransformer

    torch.manual_seed(recipe.seed)
    loaded: Any = SentenceTransformer(model, device="cpu")
    loaded.max_seq_length = min(MAX_TOKENS, loaded.max_seq_length)
    known = torch.tensor(loaded.encode(list(texts), normalize_embeddings=True, show_progress_bar=False))
    prototypes = [torch.nn.Parameter(_centres(known, head)) for head in heads]
    config = LoraConfig(r=recipe.rank, lora_alpha=2 * recipe.rank, lora_dropout=0.0, target_modules="all-linear")
    adapted = get_peft_model(loaded[0].auto_model, config)
    _learn(loaded, adapted, texts, heads, prototypes, recipe, report)
    adapted.to(torch.float16).save_pretrained(str(folder))
    _clean(folder)


def merge(model: str, adapter: Path, folder: Path) -> None:
    """Write to `folder` the sentence-transformers model `model` with `adapter` worked into its weights."""
    from peft import PeftModel
    from sentence_transformers import SentenceTransformer

    loaded: Any = SentenceTransformer(model, device="cpu")
    loaded[0].auto_model = PeftModel.from_pretrained(loaded[0].auto_model, str(adapter)).merge_and_unload()
    loaded.save(str(folder))


def _learn(
    loaded: Any,
    adapted: Any,
    texts: Sequence[str],
    heads: Sequence[Labels],
    prototypes: list[Any],
    recipe: Recipe,
    report: Report,
) -> None:
    import torch

    rng = np.random.default_rng(recipe.seed)
    weights = [weight for weight in adapted.parameters() if weight.requires_grad]
    rates = [
        {"params": weights, "lr": recipe.learning_rate},
        {"params": prototypes, "lr": recipe.learning_rate * PROTOTYPE_SPEED, "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(rates, weight_decay=0.01)
    batches = [batch for _ in range(recipe.epochs_for(len(texts))) for batch in _batches(texts, recipe.batch, rng)]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, len(batches)))
    loaded.train()
    for number, batch in enumerate(batches, 1):
        vectors = _embed(loaded, [noisy(texts[i], rng) for i in batch])
        loss = sum(_loss(vectors, p, torch.tensor(h[batch])) for h, p in zip(heads, prototypes, strict=True))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        report(number, len(batches), loss.item())
    loaded.eval()


def _embed(loaded: Any, texts: list[str]) -> Any:
    import torch

    features = loaded.preprocess(texts)
    return torch.nn.functional.normalize(loaded(features)["sentence_embedding"], dim=-1)


def _loss(vectors: Any, prototypes: Any, labels: Any) -> Any:
    import torch

    taught = labels != IGNORE
    if not taught.any():
        return vectors.sum() * 0
    cosines = vectors[taught] @ torch.nn.functional.normalize(prototypes, dim=-1).T
    return torch.nn.functional.cross_entropy(SCALE * cosines, labels[taught])


def _centres(known: Any, head: Labels) -> Any:
    import torch

    centres = torch.stack([known[torch.tensor(head == number)].mean(dim=0) for number in range(int(head.max()) + 1)])
    return torch.nn.functional.normalize(centres, dim=-1)


def _rate(step: int, steps: int) -> float:
    """Linear up over the first tenth, then linear down to nothing."""
    return min((step + 1) / math.ceil(WARM_UP * steps), (steps - step) / (steps * (1 - WARM_UP)), 1.0)


def _batches(texts: Sequence[str], size: int, rng: np.random.Generator) -> Iterator[Labels]:
    """One pass in random order, texts of like length together: less padding, less time."""
    order = rng.permutation(len(texts))
    stretches = [order[start : start + 20 * size] for start in range(0, len(order), 20 * size)]
    ordered = [stretch[np.argsort([len(texts[i]) for i in stretch], kind="stable")] for stretch in stretches]
    batches = [stretch[start : start + size] for stretch in ordered for start in range(0, len(stretch), size)]
    return iter([batches[i] for i in rng.permutation(len(batches))])


def noisy(text: str, rng: np.random.Generator) -> str:
    """The text, or in `NOISY` of all cases the text with one to three slips: a letter dropped, doubled or
    swapped with the next.
    """
    if rng.random() >= NOISY or len(text) < 8:
        return text
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(1, len(text) - 2))
        slips = (
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        )
        text = slips[int(rng.integers(3))]
    return text


def _clean(folder: Path) -> None:
    """Leave the adapter and its configuration, without the path of the machine that it was made on."""
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"base_model_name_or_path": None}
    path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")
