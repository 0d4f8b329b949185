"""`firstline router train`."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import typer

from chatapp.commands.router.packs import cache_folder, chosen_pack


def train(pack: Path | None, *, as_json: bool) -> None:
    """Train anew, save, and print the out-of-fold figures."""
    from router.encoder.encoder import Encoder
    from router.pack.load import load_pack
    from router.training.artefact import artefact_folder, save_artefact
    from router.training.build import build
    from router.training.tune_encoder import quality

    loaded, cache = load_pack(chosen_pack(pack)), cache_folder()
    typer.echo(f"Training the router of {loaded.folder} …", err=True)
    encoder = Encoder.load(cache, loaded.encoder, loaded.adapter)
    began = time.perf_counter()
    built = build(loaded, encoder)
    took = time.perf_counter() - began
    folder = artefact_folder(cache, loaded.content_hash, encoder.fingerprint)
    save_artefact(built.artefact, folder)
    figures = asdict(quality(built.corpus, built.trained))
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "seconds": round(took, 1), **figures}))
        return
    rows = len(built.corpus.texts)
    typer.echo(f"{loaded.name}: {rows} messages, {len(loaded.facts)} facts, trained in {took:.1f} s → {folder}")
    for name, value in figures.items():
        typer.echo(f"{name.replace('_', ' '):16s} {value:.4g}")
