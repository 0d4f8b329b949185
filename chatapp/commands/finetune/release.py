"""`firstline finetune gate | promote | rollback`: what reaches users, and what stood before it."""

import getpass
import json
import os
from pathlib import Path

import typer

from chatapp.assembly.active_release import open_releases
from chatapp.backends.local.model import model_file
from chatapp.commands.finetune.chosen import adapter_of, chosen_run, made_of, questions_of
from chatapp.commands.router.opened import chosen_settings
from chatapp.commands.router.packs import chosen_pack
from chatapp.settings import Settings
from finetune.judging.card import Evidence, model_card
from finetune.judging.evaluate import Evaluated, read_evaluated, serving
from finetune.judging.gate import Candidate, Verdicts, judge
from finetune.judging.variants import FULL, SERVED, VARIANTS, Variants, read_variants
from finetune.training.run_folder import Run
from finetune.workspace import EXPORT, FIGURES, GATE, whole_json
from localmodel.adapter import read_metadata
from localmodel.atomic_files import sha256, write_text
from localmodel.errors import ReleaseError
from localmodel.release import ADAPTER, CARD, POLICY, ship
from router.pack.load import Pack, load_pack

_TEMPLATE = "tokenizer.chat_template"


def gate(pack: Path | None, run: str | None, *, as_json: bool) -> bool:
    """Hold a run's model against what serves now, write the verdict and the model card into the run's folder, and say
    which condition failed and by how much. Returns whether it may be released.

    Raises RunError where the run was not evaluated or its variants not measured, ReleaseError where something else
    serves since.
    """
    loaded, done = chosen_run(pack, run)
    found, variants = read_evaluated(done.folder), read_variants(done.folder)
    verdicts = _judged(loaded, done, found, variants)
    layers = {done.id: found.candidate.layers} | {name: one.layers for name, one in found.beside.items()}
    evidence = Evidence(done, model_file(_settings(loaded)), layers, variants, verdicts)
    said = verdicts.as_json() | {"judged": _hashes(done)}
    write_text(done.folder / GATE, json.dumps(said, indent=1) + "\n")
    write_text(done.folder / CARD, model_card(evidence))
    typer.echo(json.dumps(verdicts.as_json()) if as_json else "\n".join(_told(verdicts)))
    return verdicts.released


def promote(pack: Path | None, run: str | None, why: str, *, into_pack: bool) -> None:
    """Put a run's model into service if the gate released it; the running application takes it with its next turn."""
    loaded, done = chosen_run(pack, run)
    serves = _released(done)
    files = {ADAPTER: adapter_of(done), POLICY: done.folder / POLICY, CARD: done.folder / CARD}
    if into_pack:
        ship(files, loaded.folder, serves)
        typer.echo(f"{loaded.folder} ships {done.id} now: {', '.join(files)}.")
        return
    settings = _settings(loaded)
    if settings.local_servers:
        raise ReleaseError(
            "FIRSTLINE_LOCAL_BASE_URL names servers that answer locally, and a release would not serve there.",
            "Load the adapter into them and name it in FIRSTLINE_LOCAL_SERVER_MODEL (docs/engines.md), or unset it.",
        )
    releases = open_releases(settings, loaded)
    release = releases.promote(files, who=_who(), why=why or done.id, replaces=serves)
    typer.echo(f"{release.id} serves now, instead of {serves}. Back: firstline finetune rollback")


def rollback(pack: Path | None, why: str) -> None:
    """Put back what served before. Raises ReleaseError where nothing did."""
    loaded = load_pack(chosen_pack(pack))
    releases = open_releases(_settings(loaded), loaded)
    replaced = releases.serves
    release = releases.rollback(who=_who(), why=why)
    typer.echo(f"{release.id} serves again, instead of {replaced}.")


def _judged(pack: Pack, done: Run, found: Evaluated, variants: Variants) -> Verdicts:
    settings = _settings(pack)
    serves = open_releases(settings, pack).serves
    asked = questions_of(pack)
    if not asked.is_file():
        raise ReleaseError(f"There is no {asked}.", "Write held-out questions, and run `firstline finetune eval`.")
    if changed := [name for name, now in made_of(pack, done, asked).items() if found.of.get(name) != now]:
        raise ReleaseError(
            f"Changed since {done.id} was evaluated: {', '.join(changed)}.", "Run `firstline finetune eval` again."
        )
    if serves != found.serves:
        raise ReleaseError(
            f"{serves!r} serves now, and {done.id} was held against {found.serves!r}.", "Run `firstline finetune eval`."
        )
    trained = read_metadata(done.folder / EXPORT / f"{FULL}.gguf").get(_TEMPLATE, "")
    served = read_metadata(model_file(settings)).get(_TEMPLATE, "")
    candidate = Candidate(done.id, found.candidate, variants.of(SERVED).agreement, trained)
    return judge(candidate, serves, found.beside[serving(serves)], served)


def _settings(pack: Pack) -> Settings:
    return chosen_settings(pack.folder, None)


def _told(verdicts: Verdicts) -> list[str]:
    lines = [f"{'met   ' if one.met else 'FAILED'} {one.name}: {one.said}" for one in verdicts.conditions]
    word = "may be released" if verdicts.released else "is not released"
    next_step = ". Next: firstline finetune promote" if verdicts.released else ""
    return [*lines, f"{verdicts.candidate} {word}, held against {verdicts.serves}{next_step}"]


def _released(done: Run) -> str:
    """The id of what the gate held the run against. Raises ReleaseError where it did not release it."""
    if not (done.folder / GATE).is_file():
        raise ReleaseError(f"{done.id} was not judged.", "Run `firstline finetune gate` first.")
    with whole_json(done.folder / GATE) as said:
        failed = [one["name"] for one in said["conditions"] if not one["met"]]
        serves, judged = str(said["serves"]), said["judged"]
    if judged != _hashes(done):
        raise ReleaseError(f"{done.id} has changed since it was judged.", "Run `firstline finetune gate` again.")
    if failed:
        raise ReleaseError(f"The gate did not release {done.id}: {'; '.join(failed)}.", "Train another candidate.")
    return serves


def _who() -> str:
    """Who gave the command, for the log; the number where the system knows no name, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _hashes(done: Run) -> dict[str, str]:
    """SHA-256 of what was judged, by file name."""
    return {name: sha256(done.folder / name) for name in (ADAPTER, POLICY, FIGURES, VARIANTS)}
