"""The page of `firstline finetune runs`: runs beside each other, one HTML file without scripts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count, product
from string import ascii_uppercase

from markupsafe import Markup

from chatapp.reports.curves_chart import run_chart, runs_chart, top_of
from chatapp.reports.words import interval, value
from chatapp.web.templates import Templates
from finetune.training.estimate import compare
from finetune.training.loss_reading import Verdict
from finetune.training.run_folder import LAYERS, Run, differing
from router.stats import Share

DRAWN = 8
"""Lines in one chart; more could not be told apart."""
HASH_DIGITS = 16
MEANINGS = {
    "wording": "of what a fact answers, worded right by the model when given that fact",
    "read_right": "of what a fact answers, answered right in the end",
    "read_wrong": "of what a fact answers, answered wrong in the end; the rest is left unanswered or escalated",
    "honest": "of what no fact answers, left unanswered",
}
"""What the layers mean that are shown."""
_MOODS = {Verdict.HEALTHY: "healthy", Verdict.TOO_EARLY: "early"}


@dataclass(frozen=True, slots=True)
class Measured:
    """A share and its interval, in words."""

    name: str
    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class RunPart:
    """One run: `letter` names it on the page, `mood` is how its verdict is marked: healthy, early or odd."""

    letter: str
    id: str
    made: str
    status: str
    verdict: str
    mood: str
    text: str
    setting: str
    held_out: str
    minutes: str
    chart: Markup
    layers: tuple[Measured, ...]
    settings: tuple[tuple[str, str, str], ...]
    used: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A base model or a data file: what it is, its hash, and the letters of the runs that it went into."""

    name: str
    of: str
    sha256: str
    letters: str


@dataclass(frozen=True, slots=True)
class RunsPage:
    """Runs, ready to print. `overview` is None where no two runs have a held-out loss to compare."""

    title: str
    lead: str
    about: tuple[tuple[str, str], ...]
    runs: tuple[RunPart, ...]
    overview: Markup | None
    drawn: str
    layers: tuple[tuple[str, str], ...]
    differing: tuple[str, ...]
    alike: tuple[tuple[str, str], ...]
    sources: tuple[Source, ...]


def runs_page(runs: Sequence[Run], made: datetime) -> str:
    """The page as text; `runs` as `read_runs` gives them, the newest first."""
    return Templates().render("runs.html", page=page_of(runs, made))


def page_of(runs: Sequence[Run], made: datetime) -> RunsPage:
    """What the template is given."""
    named = tuple(zip(letters(), runs, strict=False))
    differ = differing(runs)
    top = top_of([run.curve for run in runs])
    last = max((point.epoch for run in runs for point in run.curve), default=0.0) or 1.0
    overview, drawn = _overview(named, top, last)
    packs = ", ".join(dict.fromkeys(run.pack for run in runs))
    return RunsPage(
        title=f"Fine-tuning of {packs}" if packs else "Fine-tuning",
        lead=_lead(named),
        about=(("Runs", f"{len(runs):,}"), ("Made", f"{made:%-d %B %Y, %H:%M}")),
        runs=tuple(_part(letter, run, differ, top, last) for letter, run in named),
        overview=overview,
        drawn=drawn,
        layers=tuple((LAYERS[name], meaning) for name, meaning in MEANINGS.items()),
        differing=differ,
        alike=tuple((name, f"{s.value}") for name, s in runs[0].settings.items() if name not in differ) if runs else (),
        sources=tuple(_sources(named)),
    )


def letters() -> Iterable[str]:
    """A to Z, then AA, AB and so on."""
    return ("".join(each) for length in count(1) for each in product(ascii_uppercase, repeat=length))


def _part(letter: str, run: Run, differ: Sequence[str], top: float, last: float) -> RunPart:
    best, reading = run.best, run.reading
    return RunPart(
        letter=letter,
        id=run.id,
        made=f"{run.made:%-d %B %Y, %H:%M}",
        status=run.status,
        verdict=reading.verdict.value,
        mood=_MOODS.get(reading.verdict, "odd"),
        text=reading.text,
        setting=reading.setting,
        held_out=f"{best.held_out_loss:.3f}" if best else "–",
        minutes=f"{run.seconds / 60:.0f}" if run.seconds >= 600 else f"{run.seconds / 60:.1f}",
        chart=run_chart(run.curve, best, top, last, f"run-{letter}"),
        layers=tuple(_measured(run, name) for name in MEANINGS),
        settings=tuple(_setting(run, name) for name in differ),
        used=tuple((row.name, row.used, row.estimated) for row in compare(run.estimate, run.used))
        if run.estimate
        else (),
    )


def _measured(run: Run, name: str) -> Measured:
    share = run.figures.layers.get(name) if run.figures else None
    return Measured(LAYERS[name], *((value(share), interval(share)) if share else ("–", "")))


def _setting(run: Run, name: str) -> tuple[str, str, str]:
    found = run.settings.get(name)
    return (name, f"{found.value}", found.source) if found else (name, "–", "")


def _overview(named: Sequence[tuple[str, Run]], top: float, last: float) -> tuple[Markup | None, str]:
    """The chart of the runs with the lowest held-out losses, and which these are where not all are drawn."""
    ranked = sorted(((loss, letter, run) for letter, run in named if (loss := _lowest(run)) is not None), key=_first)
    if len(ranked) < 2:
        return None, ""
    chosen = {letter for _, letter, _ in ranked[:DRAWN]}
    chart = runs_chart([(letter, run.curve) for letter, run in named if letter in chosen], top, last)
    return chart, f"The {DRAWN} with the lowest held-out losses of {len(ranked)}." if len(ranked) > DRAWN else ""


def _first(ranked: tuple[float, str, Run]) -> float:
    return ranked[0]


def _lowest(run: Run) -> float | None:
    return run.best.held_out_loss if run.best else None


def _lead(named: Sequence[tuple[str, Run]]) -> str:
    if not named:
        return "There is no run here yet."
    said = [f"{len(named):,} runs." if len(named) > 1 else "One run."]
    measured = [(loss, letter) for letter, run in named if (loss := _lowest(run)) is not None]
    shares = [(share, letter) for letter, run in named if (share := _wording(run))]
    if measured:
        loss, letter = min(measured)
        said.append(f"The lowest held-out loss is {loss:.3f}{_of(letter, named)}.")
    if shares:
        share, letter = max(shares, key=lambda pair: pair[0].value)
        said.append(f"The most answers worded right are {share.hits:,} of {share.n:,}{_of(letter, named)}.")
    elif measured:
        said.append("None has been held against questions yet, and loss alone does not say how a model answers.")
    return " ".join(said)


def _of(letter: str, named: Sequence[tuple[str, Run]]) -> str:
    return f", of run {letter}" if len(named) > 1 else ""


def _wording(run: Run) -> Share | None:
    return run.figures.layers.get("wording") if run.figures else None


def _sources(named: Sequence[tuple[str, Run]]) -> Iterable[Source]:
    """Each base and data file once for each content that it had."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for letter, run in named:
        rows = [(run.base_name, "base model", run.base_sha256)]
        rows += [(name, f"{file.conversations:,} conversations", file.sha256) for name, file in run.data.items()]
        for row in rows:
            found.setdefault(row, []).append(letter)
    for (name, of, sha256), own in sorted(found.items(), key=lambda item: (item[0][1] != "base model", item[0][0])):
        yield Source(name, of, sha256[:HASH_DIGITS], "all" if len(own) == len(named) else ", ".join(own))
