"""How a model is fine-tuned: every setting, its default and what it is for."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from finetune.errors import RunError


class Schedule(StrEnum):
    """How the learning rate goes, after the warm-up."""

    COSINE = "cosine"
    LINEAR = "linear"
    CONSTANT = "constant"


class Precision(StrEnum):
    """What the matrix products of training are done in; the weights that learn stay 32 bits wide."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class Keep(StrEnum):
    """Which weights of a run are kept: those with the lowest held-out loss, or the last ones.

    What is to be learnt by heart, such as an identity, needs the last: its own questions must be known, and the loss on
    others rises while they are learnt.
    """

    BEST = "best"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Recipe:
    """LoRA (Hu et al. 2021) by AdamW. Raises RunError where a value cannot be used.

    `targets` are names of linear layers, or "all-linear". A step sees `batch * accumulation` examples. `warmup` is a
    share of all steps. `wrong_facts` is the share of examples that are added with a fact that does not answer, for the
    model to say so; at 0 the refusals that the data has are left out too. A small model learns their share and not when
    to refuse (docs/fine-tuning.md), so 0 is the default, and the router judges. `held_out` is the share of
    conversations that loss is measured on and nothing learnt from; unless `keep` is LAST, the run ends early when that
    loss has not fallen for `patience` measurements, of which there are `measurements` an epoch. `max_tokens` is the
    longest example. An `epochs` may be broken.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    targets: str = "all-linear"
    learning_rate: float = 5e-4
    schedule: Schedule = Schedule.COSINE
    warmup: float = 0.05
    weight_decay: float = 0.01
    epochs: float = 2.0
    batch: int = 4
    accumulation: int = 2
    max_tokens: int = 512
    wrong_facts: float = 0.0
    held_out: float = 0.05
    measurements: int = 2
    patience: int = 4
    keep: Keep = Keep.BEST
    precision: Precision = Precision.AUTO
    seed: int = 7

    def __post_init__(self) -> None:
        for name, low, high in _BOUNDS:
            value = getattr(self, name)
            if not low <= value <= high:
                raise RunError(f"{name} is {value!r}.", f"Give a number from {low:g} to {high:g}.")

    def as_json(self) -> dict[str, Any]:
        """Every setting by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


_BOUNDS = (
    ("rank", 1, 512),
    ("alpha", 1, 1024),
    ("dropout", 0, 0.9),
    ("learning_rate", 1e-9, 1),
    ("warmup", 0, 0.9),
    ("weight_decay", 0, 1),
    ("epochs", 0.01, 100),
    ("batch", 1, 1024),
    ("accumulation", 1, 1024),
    ("max_tokens", 32, 1_000_000),
    ("wrong_facts", 0, 2),
    ("held_out", 0.01, 0.5),
    ("measurements", 1, 100),
    ("patience", 1, 100),
    ("seed", 0, 2**32 - 1),
)
