"""The variants of a fine-tuned model, and what was measured of each."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finetune.errors import RunError
from finetune.judging.agreement import Agreement
from finetune.workspace import whole_json
from router.stats import Share

VARIANTS = "forms.json"  # as earlier runs wrote it
SERVED, FULL, TORCH = "adapter over base", "F16", "PEFT in PyTorch"
"""The variant that the application serves, the one that all others are held against, and what training itself says."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A GGUF model, with an adapter over it or merged."""

    name: str
    model: Path
    adapter: Path | None = None

    @property
    def bytes(self) -> int:
        """Of its files."""
        return sum(path.stat().st_size for path in (self.model, self.adapter) if path)


@dataclass(frozen=True, slots=True)
class Measured:
    """One variant, asked the same prompts as the others at temperature 0.

    `resident_bytes` is the peak of a process that held it alone; `first_token_ms` and `tokens_per_s` are medians over
    the prompts; `right` counts those prompts that have a key; `agreement` is with full precision.
    """

    name: str
    bytes: int
    resident_bytes: int
    first_token_ms: float
    tokens_per_s: float
    right: Share
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Remark:
    """A question to which two variants differ, and what each said, by name."""

    prompt: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Variants:
    """All variants of one run, over `prompts` prompts.

    `parity` holds, of fewer prompts, the agreement of SERVED, FULL and TORCH by pair; `remarks` where they differ.
    `general_*` are shares of general questions that are right before and after, and McNemar's p of the two.
    """

    prompts: int
    measured: tuple[Measured, ...]
    parity: Mapping[str, Agreement]
    remarks: tuple[Remark, ...]
    general_before: Share
    general_after: Share
    general_p: float

    def of(self, name: str) -> Measured:
        """One of them. Raises RunError."""
        for one in self.measured:
            if one.name == name:
                return one
        raise RunError(f"The variant {name!r} was not measured.", "Run `firstline finetune quantize` again.")

    def as_json(self) -> dict[str, Any]:
        """Everything; `read_variants` reads it back."""
        return asdict(self)


def read_variants(folder: Path) -> Variants:
    """What `firstline finetune quantize` wrote into a run's folder. Raises RunError."""
    if not (folder / VARIANTS).is_file():
        raise RunError(f"{folder.name}: its variants were not measured.", "Run `firstline finetune quantize` first.")
    with whole_json(folder / VARIANTS) as said:
        return Variants(
            prompts=int(said["prompts"]),
            measured=tuple(_measured(one) for one in said["measured"]),
            parity={name: Agreement(**counts) for name, counts in said["parity"].items()},
            remarks=tuple(Remark(one["prompt"], one["said"]) for one in said["remarks"]),
            general_before=Share(**said["general_before"]),
            general_after=Share(**said["general_after"]),
            general_p=float(said["general_p"]),
        )


def pairs_of(answers: Mapping[str, Sequence[str]]) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
    """Every pair of several variants' answers to the same prompts, named "one ~ other"."""
    names = list(answers)
    return {
        f"{one} ~ {other}": (answers[one], answers[other])
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    }


def _measured(said: Mapping[str, Any]) -> Measured:
    return Measured(**{**said, "right": Share(**said["right"]), "agreement": Agreement(**said["agreement"])})
