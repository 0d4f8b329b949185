"""`firstline router calibrate`."""

import json
from pathlib import Path

import typer

from chatapp.commands.router.packs import cache_folder, chosen_pack


def calibrate(
    pack: Path | None, *, risk: float | None, local: float | None, confidence: float, out: Path | None, as_json: bool
) -> None:
    """Train, choose the thresholds, print them with what may be said of them, and write them to `out`."""
    from router.encoder.encoder import Encoder
    from router.pack.load import load_pack
    from router.policy.file import Stated, made_for, write_policy
    from router.training.build import build
    from router.training.promised import check_asked, choose

    check_asked(risk, local, confidence)
    loaded, cache = load_pack(chosen_pack(pack)), cache_folder()
    typer.echo(f"Training the router of {loaded.folder} …", err=True)
    encoder = Encoder.load(cache, loaded.encoder, loaded.adapter)
    policy, statements = choose(build(loaded, encoder), risk=risk, local=local, confidence=confidence)
    if out is not None:
        stated = Stated(risk, local, None if risk is None else confidence, statements)
        write_policy(out, policy, stated, made_for(loaded, encoder))
    if as_json:
        shown = {
            "version": policy.version,
            "risk": risk,
            "local": local,
            "confidence": confidence if risk is not None else None,
            "fact_threshold": policy.fact_threshold,
            "thresholds": dict(policy.thresholds),
            "statements": statements,
            "out": str(out) if out else None,
        }
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    typer.echo(f"policy {policy.version}")
    for name, value in (*policy.thresholds.items(), ("(fact)", policy.fact_threshold)):
        typer.echo(f"  {name:20s} {value:.4f}")
    typer.echo("\n".join(statements))
    if out is not None:
        typer.echo(f"Written to {out}; FIRSTLINE_POLICY={out} puts it in force.")
