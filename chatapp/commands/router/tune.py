"""`firstline encoder tune`."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chatapp.commands.router.packs import cache_folder, chosen_pack

if TYPE_CHECKING:
    from router.encoder.lora import Recipe

_EVERY_S = 5.0


def tune(pack: Path | None, recipe: "Recipe", *, as_json: bool) -> None:
    """Tune, with a line of progress every few seconds, and print what it did to the held-out figures."""
    from router.pack.load import load_pack
    from router.training.tune_encoder import tune_pack

    loaded = load_pack(chosen_pack(pack))
    typer.echo(f"Tuning the encoder on {loaded.folder} …", err=True)
    outcome = tune_pack(loaded, cache_folder(), recipe, Progress())
    if as_json:
        typer.echo(json.dumps(asdict(outcome)))
        return
    typer.echo(f"{'held out':16s} {'before':>8s} {'after':>8s}")
    after = asdict(outcome.after)
    for name, value in asdict(outcome.before).items():
        typer.echo(f"{name.replace('_', ' '):16s} {value:8.4g} {after[name]:8.4g}")
    typer.echo(f"Kept in {loaded.folder / 'encoder'}." if outcome.kept else "No better: not kept.")


class Progress:
    """Prints step, loss and the time left, now and then."""

    def __init__(self) -> None:
        self.began = self.told = time.monotonic()

    def __call__(self, step: int, steps: int, loss: float) -> None:
        now = time.monotonic()
        if now - self.told < _EVERY_S and step < steps:
            return
        self.told = now
        left = (now - self.began) / step * (steps - step)
        typer.echo(f"step {step} of {steps}, loss {loss:.3f}, {left / 60:.1f} minutes left", err=True)
