"""`firstline router learn`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chatapp.commands.router.packs import cache_folder, chosen_pack
from chatapp.errors import OperatorError

if TYPE_CHECKING:
    from language import Language
    from router.outcomes.verdicts import Outcome, Quality


def learn(pack: Path | None, *, as_json: bool) -> None:
    """Read the verdicts from the database, fit, save, and print cross-validated figures.

    Raises OperatorError when there are too few verdicts on facts that the pack still has.
    """
    from router.encoder.encoder import Encoder
    from router.outcomes.file import outcomes_folder, save_outcomes
    from router.outcomes.verdicts import TooFew, cross_validate, fit_outcomes
    from router.pack.load import load_pack

    folder, cache = chosen_pack(pack), cache_folder()
    loaded = load_pack(folder)
    known = {fact.id for fact in loaded.facts}
    logged = [outcome for outcome in _logged(loaded.rules) if outcome.fact_id in known]
    encoder = Encoder.load(cache, loaded.encoder, loaded.adapter)
    model = fit_outcomes(logged, encoder)
    if isinstance(model, TooFew):
        raise OperatorError(f"There is too little to learn from: {model}", "Let people rate more answers.")
    quality = cross_validate(logged, encoder)
    assert not isinstance(quality, TooFew)
    place = outcomes_folder(cache, folder)
    save_outcomes(model, encoder.fingerprint, place)
    figures = {"folder": str(place), **asdict(quality), "sources": _sources(logged)}
    typer.echo(json.dumps(figures) if as_json else readable(loaded.name, quality, figures))


def readable(name: str, quality: "Quality", figures: dict[str, object]) -> str:
    """The figures for people."""
    sources = ", ".join(f"{count} {source}" for source, count in dict(figures["sources"]).items())  # type: ignore[call-overload]
    return "\n".join(
        [
            f"{name}: {quality.outcomes} outcomes ({sources}), {quality.good} good",
            f"base rate        {quality.base_rate:.3f} (by weight)",
            f"log loss         {quality.log_loss:.3f}, of the base rate {quality.base_log_loss:.3f}",
            f"AUROC            {quality.auroc}",
            f"saved in {figures['folder']}; FIRSTLINE_ANSWER_THRESHOLD makes the router use it",
        ]
    )


def _logged(language: "Language | None") -> "list[Outcome]":
    from chatapp.settings import load_settings
    from chatapp.store import Store

    settings = load_settings()
    settings.make_data_dir()
    with Store.open(settings.resolved_database_url) as store:
        return store.outcomes.all(language)


def _sources(outcomes: "list[Outcome]") -> dict[str, int]:
    sources = [outcome.source.value for outcome in outcomes]
    return {source: sources.count(source) for source in sorted(set(sources))}
