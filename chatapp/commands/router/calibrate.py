"""`firstline router calibrate`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chatapp.commands.router.packs import cache_folder, chosen_pack

if TYPE_CHECKING:
    from router.encoder.encoder import Encoder

MOST_READ = 1_000
"""So many messages of the database are looked at, the latest."""


def calibrate(
    pack: Path | None,
    *,
    risk: float | None,
    local: float | None,
    confidence: float,
    traffic: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Train, choose the thresholds, print them with what may be said of them, and write them to `out`.

    Warns where the messages of the `traffic`, or those in the database, are not like those that calibrate.
    """
    from router.encoder.encoder import Encoder
    from router.pack.load import load_pack
    from router.policy.file import Stated, made_for, write_policy
    from router.training.build import build
    from router.training.promised import check_asked, choose

    check_asked(risk, local, confidence)
    said = _messages(traffic)
    loaded, cache = load_pack(chosen_pack(pack)), cache_folder()
    typer.echo(f"Training the router of {loaded.folder} …", err=True)
    encoder = Encoder.load(cache, loaded.encoder, loaded.adapter)
    policy, statements = choose(build(loaded, encoder), risk=risk, local=local, confidence=confidence)
    warning = _warning([row.text for row in loaded.calibration], said, encoder)
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
            "warning": warning,
            "out": str(out) if out else None,
        }
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    typer.echo(f"policy {policy.version}")
    for name, value in (*policy.thresholds.items(), ("(fact)", policy.fact_threshold)):
        typer.echo(f"  {name:20s} {value:.4f}")
    typer.echo("\n".join(statements))
    if warning:
        typer.echo(f"Warning: {warning}")
    if out is not None:
        typer.echo(f"Written to {out}; FIRSTLINE_POLICY={out} puts it in force.")


def _messages(traffic: Path | None) -> list[str]:
    """What customers wrote: the lines of a file, or the latest messages of the database."""
    if traffic is not None:
        from router.pack.source import Source

        lines = Source.read(traffic, "Give a file with one message a line.").text.splitlines()
        return [line.strip() for line in lines if line.strip()]
    from chatapp.settings import load_settings
    from chatapp.store import Store

    settings = load_settings()
    settings.make_data_dir()
    with Store.open(settings.resolved_database_url) as store:
        return [line.turn.user_text for line in store.overview.latest_turns(MOST_READ) if line.turn.user_text]


def _warning(calibration: Sequence[str], said: Sequence[str], encoder: "Encoder") -> str:
    """That the probabilities may not hold for what customers write; "" where nothing speaks for it."""
    from router.model.drift import two_sample
    from router.text.clean import clean

    if not calibration or not said:
        return ""
    drift = two_sample(*(encoder.encode([clean(text) for text in texts]) for texts in (calibration, said)))
    if drift is None or not drift.differs:
        return ""
    strangest = "; ".join(repr(said[row][:80]) for row in drift.strangest[:3])
    return (
        f"Traffic is not like the messages that calibrate: a classifier tells {drift.told_apart:.0%} of {drift.n} apart"
        f" (half would be chance; p = {drift.p:.1g}). Label some of it, put it into calibration.jsonl, and calibrate "
        f"again. Least like them: {strangest}."
    )
