"""A model card: what a fine-tuned model was made from, how, and what was measured, from the files of its run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.judging.agreement import Agreement
from finetune.judging.evaluate import Layers
from finetune.judging.gate import Verdicts
from finetune.judging.variants import SERVED, Variants
from finetune.training.run_folder import LAYERS, Run
from localmodel.adapter import read_metadata
from localmodel.atomic_files import sha256
from localmodel.release import ADAPTER, POLICY
from router.policy.file import read_policy


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a card is written from. `layers` are by model, the candidate's first."""

    run: Run
    base: Path
    layers: dict[str, Layers]
    variants: Variants
    gate: Verdicts


def model_card(evidence: Evidence) -> str:
    """The card in Markdown. Every figure in it was written by one of the commands."""
    run = evidence.run
    return "\n".join(
        [
            f"# {run.pack}: {run.base_name}, fine-tuned",
            "",
            *_identity(evidence),
            "",
            "## Made from",
            "",
            *_rows(("file", "SHA-256", "conversations"), ((n, d.sha256, d.conversations) for n, d in run.data.items())),
            "",
            f"{run.examples} examples were learnt from, {run.held_out} held out for the loss.",
            "",
            *_rows(("setting", "value", "from"), ((n, s.value, s.source) for n, s in run.settings.items())),
            "",
            *_how(run),
            "",
            "## On held-out questions",
            "",
            *_held_out(evidence.layers),
            "",
            *_thresholds(run),
            "",
            "## Variants",
            "",
            *_variants(evidence.variants),
            "",
            "## The gate",
            "",
            f"Held against {evidence.gate.serves}: {'released' if evidence.gate.released else 'not released'}.",
            "",
            *_rows(
                ("condition", "met", "figures"),
                ((c.name, "yes" if c.met else "no", c.said) for c in evidence.gate.conditions),
            ),
            "",
        ]
    )


def _identity(evidence: Evidence) -> list[str]:
    run, metadata = evidence.run, read_metadata(evidence.base)
    licence = metadata.get("general.license", "not stated in the file")
    return list(
        _rows(
            ("", ""),
            (
                ("run", run.id),
                ("base", f"{run.base_name}, SHA-256 {run.base_sha256}, licence {licence}"),
                ("adapter", f"SHA-256 {sha256(run.folder / ADAPTER)}, under the licences of base and training data"),
                ("libraries", ", ".join(f"{name} {version}" for name, version in run.versions.items())),
            ),
        )
    )


def _how(run: Run) -> list[str]:
    best = run.best
    loss = f", lowest held-out loss {best.held_out_loss:.3f} at step {best.step}" if best and best.held_out_loss else ""
    reading = run.reading.verdict.value
    return [f"Trained in {run.seconds / 60:.0f} minutes on {run.device} in {run.precision}{loss}: {reading}."]


def _held_out(layers: dict[str, Layers]) -> Iterable[str]:
    return _rows(
        ("", *layers),
        ((words, *(getattr(one, name) for one in layers.values())) for name, words in LAYERS.items()),
    )


def _thresholds(run: Run) -> list[str]:
    file = read_policy(run.folder / POLICY)
    return [f"Policy {file.version}. {' '.join(file.stated.statements)}"]


def _variants(variants: Variants) -> list[str]:
    table = _rows(
        ("variant", "MB", "memory, MB", "first token, ms", "tokens/s", "right", "exact", "similar", "different"),
        (
            (
                one.name,
                f"{one.bytes / 1e6:.0f}",
                f"{one.resident_bytes / 1e6:.0f}",
                f"{one.first_token_ms:.0f}",
                f"{one.tokens_per_s:.0f}",
                one.right,
                *_counts(one.agreement),
            )
            for one in variants.measured
        ),
    )
    pairs = _rows(
        ("the same prompts through two variants", "exact", "similar", "different"),
        ((name, *_counts(same)) for name, same in variants.parity.items()),
    )
    return [
        f"{variants.prompts} prompts at temperature 0; {SERVED!r} is what the application serves, and every variant is "
        "held against F16.",
        "",
        *table,
        "",
        *pairs,
        "",
        f"General questions right before fine-tuning: {variants.general_before}; after: {variants.general_after}; "
        f"McNemar's p = {variants.general_p:.2g}.",
    ]


def _counts(same: Agreement) -> tuple[int, int, int]:
    return same.exact, same.similar, same.different


def _rows(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(str(cell) for cell in row)} |"
