"""`firstline finetune quantize`: every variant of a run's model, made and measured."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from chatapp.backends.local.model import model_file
from chatapp.commands.finetune.chosen import adapter_of, chosen_run, questions_of
from chatapp.commands.finetune.run import be_polite
from chatapp.evaluation.variants import Prompt, Spoken, speak
from chatapp.settings import Settings, load_settings
from chatapp.turn.prompts import local_messages
from finetune.export.merge import merge
from finetune.export.parity import torch_answers
from finetune.export.quantize import Quantisation
from finetune.export.quantize import quantize as write_quantised
from finetune.judging.agreement import LEAST, Agreement, agreement
from finetune.judging.forgetting import Forgotten, compare, likelihoods, read_choices, score
from finetune.judging.scoring import Question, Verdict, read_questions
from finetune.judging.variants import FULL, SERVED, TORCH, VARIANTS, Measured, Remark, Variant, Variants, pairs_of
from finetune.training.base import Base, open_base
from finetune.training.run_folder import Run
from finetune.workspace import EXPORT, PEFT_ADAPTER
from language import Language
from localmodel.adapter import FORM_KEY, read_adapter, read_metadata
from localmodel.atomic_files import write_text
from router.pack.load import Pack
from router.stats import Share
from router.types import FactVoice


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the text that answers it; `key` is the held-out question, None where there is no key."""

    text: str
    fact: str
    key: Question | None


def quantize(pack: Path | None, run: str | None, prompts: int, torch: int, *, as_json: bool) -> None:
    """Merge and quantise, put the same prompts to every variant, and print the table. Raises RunError and others."""
    be_polite()
    loaded, done = chosen_run(pack, run)
    asked = _asked(loaded, prompts)
    if len(asked) < LEAST:
        typer.echo(f"There are {len(asked)} prompts; the gate wants {LEAST}.", err=True)
    found = _measured(loaded, done, asked, torch)
    said = json.dumps(found.as_json(), ensure_ascii=False, indent=1)
    write_text(done.folder / VARIANTS, said + "\n")
    typer.echo(said if as_json else "\n".join(table(found)))


def table(found: Variants) -> list[str]:
    """What was measured, for people."""
    counts = "exact similar different"
    lines = [f"{'variant':18s} {'MB':>5s} {'memory':>7s} {'first':>7s} {'tokens/s':>8s}  {'right':34s} {counts}"]
    lines += [
        f"{one.name:18s} {one.bytes / 1e6:5.0f} {one.resident_bytes / 1e6:4.0f} MB {one.first_token_ms:4.0f} ms"
        f" {one.tokens_per_s:8.0f}  {one.right!s:34s} {_counts(one.agreement)}"
        for one in found.measured
    ]
    lines += ["", f"{'the same prompts through two variants':46s} {counts}"]
    lines += [f"{name:46s} {_counts(same)}" for name, same in found.parity.items()]
    before, after = found.general_before, found.general_after
    lines += ["", f"general questions right: before {before}; after {after}; p = {found.general_p:.2g}"]
    return lines


def _counts(same: Agreement) -> str:
    return f"{same.exact:5d} {same.similar:7d} {same.different:9d}"


def _asked(pack: Pack, prompts: int) -> list[Asked]:
    """Held-out questions that a fact answers, spread evenly; the pack's labelled messages where these are too few."""
    facts = {fact.id: fact for fact in pack.facts if fact.voice is FactVoice.PHRASED}
    questions = [q for q in read_questions(questions_of(pack), pack) if q.facts]
    held_out = [Asked(q.text, facts[q.facts[0]].text, q) for q in questions if q.facts[0] in facts]
    count = min(prompts, len(held_out))
    chosen = [held_out[number * len(held_out) // count] for number in range(count)]
    labelled = [m for m in pack.calibration if m.facts and m.facts[0] in facts]
    return chosen + [Asked(m.text, facts[m.facts[0]].text, None) for m in labelled[: prompts - count]]


def _measured(pack: Pack, done: Run, asked: Sequence[Asked], torch: int) -> Variants:
    settings = load_settings()
    base, adapter = open_base(model_file(settings)), adapter_of(done)
    prompt_form = read_metadata(adapter).get(FORM_KEY, "")
    variants = [Variant(SERVED, base.path, adapter), *_exported(base, adapter, done.folder / EXPORT, prompt_form)]
    prompts = [local_messages(pack.persona, one.fact, one.text, prompt_form) for one in asked]
    spoken = {variant.name: _spoken(settings, variant, prompts) for variant in variants}
    few = sorted({number * len(asked) // torch for number in range(torch)})
    three = {name: [spoken[name].answers[n] for n in few] for name in (SERVED, FULL)}
    if few:
        three[TORCH] = _in_torch(base, done, [prompts[n] for n in few], settings.local_max_tokens)
    general = _forgotten(base.path, adapter)
    return Variants(
        prompts=len(asked),
        measured=tuple(_row(variant, spoken, asked, pack.rules) for variant in variants),
        parity={name: agreement(*pair, pack.rules) for name, pair in pairs_of(three).items()},
        remarks=tuple(
            Remark(asked[n].text, {name: said[place] for name, said in three.items()})
            for place, n in enumerate(few)
            if len({said[place] for said in three.values()}) > 1
        ),
        general_before=general.before,
        general_after=general.after,
        general_p=general.p,
    )


def _spoken(settings: Settings, variant: Variant, prompts: Sequence[Prompt]) -> Spoken:
    typer.echo(f"Asking {variant.name} {len(prompts)} prompts …", err=True)
    return speak(settings, variant, prompts, settings.local_max_tokens)


def _row(variant: Variant, spoken: dict[str, Spoken], asked: Sequence[Asked], language: Language | None) -> Measured:
    said = spoken[variant.name]
    verdicts = [one.key.score(answer) for one, answer in zip(asked, said.answers, strict=True) if one.key]
    return Measured(
        name=variant.name,
        bytes=variant.bytes,
        resident_bytes=said.resident_bytes,
        first_token_ms=said.first_token_ms,
        tokens_per_s=said.tokens_per_s,
        right=Share(verdicts.count(Verdict.RIGHT), len(verdicts)),
        agreement=agreement(spoken[FULL].answers, said.answers, language),
    )


def _exported(base: Base, adapter: Path, folder: Path, prompt_form: str) -> list[Variant]:
    """Merged, 16 bits wide, and quantised; a file that is there already was made from the same adapter."""
    folder.mkdir(exist_ok=True)
    full = folder / f"{FULL}.gguf"
    if not full.exists():
        typer.echo(f"Merging into {full} …", err=True)
        weights, metadata = read_adapter(adapter)
        name = metadata.get("general.name", base.name)
        merge(base.path, weights, full, name=name, base_sha256=base.sha256, form=prompt_form)
    for kind in Quantisation:
        if not (folder / f"{kind.value}.gguf").exists():
            typer.echo(f"Quantising to {kind.value} …", err=True)
            write_quantised(full, folder / f"{kind.value}.gguf", kind)
    return [Variant(name, folder / f"{name}.gguf") for name in (FULL, *Quantisation)]


def _in_torch(base: Base, done: Run, prompts: Sequence[Prompt], max_tokens: int) -> list[str]:
    typer.echo(f"Asking {TORCH} {len(prompts)} prompts …", err=True)
    tokens = [base.vocabulary.tokens(base.vocabulary.prompt(prompt)) for prompt in prompts]
    return torch_answers(base, done.folder / PEFT_ADAPTER, tokens, max_tokens)


def _forgotten(base: Path, adapter: Path) -> Forgotten:
    choices = read_choices()
    typer.echo(f"Asking {len(choices)} general questions, before and after …", err=True)
    with likelihoods(base) as before, likelihoods(base, adapter) as after:
        return compare(score(choices, before), score(choices, after))
