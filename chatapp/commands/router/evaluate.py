"""`firstline router eval`."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from chatapp.commands.router.opened import chosen_settings, open_quietly, under
from chatapp.errors import OperatorError
from chatapp.paths import pack_folder

if TYPE_CHECKING:
    from router.evaluation.compare import Comparison
    from router.evaluation.evaluate import Evaluation
    from router.pack.labelled import Labelled
    from router.pack.load import Pack
    from router.router import Router

MESSAGES = Path("eval", "messages.jsonl")


def evaluate(
    pack: Path | None, *, data: Path | None, policy: Path | None, against: Path | None, out: Path, as_json: bool
) -> None:
    """Evaluate, write the report to `out` and its figures beside it as `.json`, and print the figures.

    Raises OperatorError when they cannot be written, PackError when there is nothing to evaluate, and what opening a
    router raises.
    """
    from chatapp.reports.prices import estimated_prices
    from router.evaluation.compare import compare
    from router.evaluation.evaluate import evaluate as run

    figures = _beside(out)
    settings = chosen_settings(pack, policy)
    router = open_quietly(settings)
    path = data or router.pack.folder / MESSAGES
    rows, prices = _rows(router.pack, path), estimated_prices(settings)
    evaluation = run(router, rows, prices)
    comparison = compare(run(_other(router, against), rows, prices), evaluation) if against else None
    name = _name(against) if against else ""
    made = datetime.now().astimezone()
    found = _as_json(evaluation, comparison, path, made)
    _write(figures, json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    _write(out, _report(evaluation, comparison, path, made, name))
    if as_json:
        found.pop("messages")
        typer.echo(json.dumps({"report": str(out), "figures_file": str(figures), **found}))
        return
    for line in (*_lines(evaluation), *(_differences(comparison, name) if comparison else ())):
        typer.echo(line)
    typer.echo(f"\nReport: {out}. Its figures: {figures}.")


def _beside(out: Path) -> Path:
    """Where the figures go. Raises OperatorError before any work where the report cannot be written."""
    if out.suffix == ".json" or out.is_dir():
        raise OperatorError(f"The report cannot be written to {str(out)!r}.", "Name an .html file with --out.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(out.parent, error) from None
    return out.with_suffix(".json")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> OperatorError:
    return OperatorError(f"{path} cannot be written ({error.strerror}).", "Name another file with --out.")


def _rows(pack: "Pack", path: Path) -> "tuple[Labelled, ...]":
    """The labelled messages of a file.

    Raises PackError when it is missing, empty or at odds with the pack, or has a message that the router was taught.
    """
    from router.pack.labelled import read_labelled
    from router.pack.overlap import fold, refuse_overlap, taught
    from router.pack.source import Source

    source = Source.read(
        path, 'Write messages there, {"text", "category", "facts"} a line, or name a file with --data.'
    )
    keys = frozenset(category.key for category in pack.categories)
    rows = read_labelled(source, keys, frozenset(fact.id for fact in pack.facts))
    if not rows:
        raise source.error(1, "no messages.", 'Write {"text": "…", "category": "<key>" or null, "facts": []} a line.')
    known = taught(pack.categories, pack.out_of_scope, pack.dialogues, pack.rules)
    known |= {fold(row.text): "calibration.jsonl" for row in pack.calibration}
    refuse_overlap(source, rows, known, "The figures of messages that were learnt from flatter.")
    return rows


def _other(router: "Router", against: Path) -> "Router":
    """The router to compare with: another pack's, or the same under another policy."""
    folder = pack_folder(str(against))
    if folder.is_dir():
        return open_quietly(chosen_settings(folder, None))
    if not against.exists():
        raise OperatorError(f"There is no {str(against)!r} to compare with.", "Name a policy file or a pack's folder.")
    return under(router, against)


def _name(against: Path) -> str:
    return against.name or str(against.resolve().name)


def _as_json(evaluation: "Evaluation", comparison: "Comparison | None", path: Path, made: datetime) -> dict[str, Any]:
    parts = {"data": str(path), "made": made.isoformat(timespec="seconds")}
    return evaluation.as_json() | parts | {"comparison": comparison.as_json() if comparison else None}


def _report(evaluation: "Evaluation", comparison: "Comparison | None", path: Path, made: datetime, name: str) -> str:
    from chatapp.reports.router_report import router_report

    return router_report(evaluation, data=path.name, made=made, comparison=comparison, compared_with=name)


def _lines(evaluation: "Evaluation") -> tuple[str, ...]:
    """The figures for people."""
    from dataclasses import fields

    from chatapp.reports.words import ASKING, MEASURES, usd

    shares = ((MEASURES[f.name][0], getattr(evaluation.figures, f.name)) for f in fields(evaluation.figures))
    asked = [(ASKING[f.name], getattr(evaluation.asking, f.name)) for f in fields(evaluation.asking)]
    asked = asked if evaluation.asking.asked.hits else asked[:1]
    times, cost = evaluation.times, evaluation.cost
    return (
        f"{evaluation.pack}, policy {evaluation.policy.version}: {len(evaluation.cases)} messages",
        *(f"{name:28s} {share}" for name, share in shares),
        f"{'Calibration error':28s} in scope {evaluation.scope.error:.1%}, best fact {evaluation.fact.error:.1%}",
        *(f"{name:28s} {share}" for name, share in asked),
        f"{'Decision':28s} p50 {times.p50_ms:.1f} ms, p95 {times.p95_ms:.1f} ms",
        f"{'1,000 messages, estimate':28s} {usd(cost.hybrid_usd)}; all by the cloud {usd(cost.all_cloud_usd)}",
    )


def _differences(comparison: "Comparison", name: str) -> tuple[str, ...]:
    from chatapp.reports.words import MEASURES, points

    rows = (
        f"{MEASURES[d.name][0]:28s} {points(d.value):>6s} points [{points(d.low)}, {points(d.high)}]"
        for d in comparison.differences
    )
    return (f"\nAgainst {name}: {len(comparison.changes)} messages change", *rows)
