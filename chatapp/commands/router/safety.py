"""`firstline safety …`: learn how danger sounds, and measure how well it is told."""

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chatapp.commands.router.packs import cache_folder, chosen_pack
from chatapp.commands.router.tune import Progress

if TYPE_CHECKING:
    from router.training.safety import SafetyFigures


def tune_safety(pack: Path | None, *, as_json: bool) -> None:
    """Tune, with a line of progress every few seconds, and print the figures of what was held out."""
    from router.pack.load import load_pack
    from router.training.safety import tune_safety as run

    loaded = load_pack(chosen_pack(pack))
    typer.echo(f"Learning how danger sounds, for {loaded.folder} …", err=True)
    _print(run(loaded, Progress()), as_json)


def evaluate_safety(data: Path, pack: Path | None, *, as_json: bool) -> None:
    """Print the figures of the labelled messages in `data`."""
    from router.errors import PackError
    from router.pack.load import load_pack
    from router.pack.safety import SAFETY_REMEDY, read_messages
    from router.training.safety import measure, open_danger

    loaded = load_pack(chosen_pack(pack))
    danger = open_danger(loaded, cache_folder())
    if danger is None or loaded.safety is None:
        raise PackError(f"{loaded.folder}: no safety.toml.", SAFETY_REMEDY)
    _print(measure(danger, read_messages(data, loaded.safety)), as_json)


def _print(figures: "SafetyFigures", as_json: bool) -> None:
    from router.plain import plain_fields

    if as_json:
        typer.echo(json.dumps(plain_fields(figures)))
        return
    for field in fields(figures):
        found = getattr(figures, field.name)
        shares = found if isinstance(found, dict) else {field.name: found}
        for name, share in shares.items():
            typer.echo(f"{name.replace('_', ' '):18s} {share}")
