"""`firstline finetune data check | from-log | approve | add`."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import typer

from chatapp.backends.local.model import model_file
from chatapp.commands.finetune.reviewing import ask_about
from chatapp.commands.router.packs import chosen_pack
from chatapp.guards.support.support import SupportGuard
from chatapp.settings import load_settings
from chatapp.store import Store
from finetune.data.add import CLOUD_FILE, GROUNDED_FILE, BorneOut
from finetune.data.add import add as append
from finetune.data.candidate_file import read_candidates, write_candidates
from finetune.data.candidates import LoggedTurn, maskable, merge, propose
from finetune.data.check import Coverage, Limits, Report
from finetune.data.check import check as examine
from finetune.data.conversation import Conversation
from finetune.data.held_out import read_held_out
from finetune.data.load import read_files
from finetune.data.privacy import pack_contacts
from finetune.errors import DataError
from finetune.training.base import open_base
from finetune.training.examples import encode
from finetune.training.plan import with_persona
from finetune.training.recipe_file import resolve_recipe
from language import Language
from router.pack.load import Pack, load_pack

SHOWN_PROBLEMS = 20
REFUSED_EXIT = 1


def check(pack: Path | None, data: Path | None, limits: Limits, *, as_json: bool) -> int:
    """Print what the data hold and what is wrong with them; gives the exit code, 1 where they must not be trained on.

    `data` None is the pack's `train` folder; the held-out questions are those of its `eval` folder. Tokens are counted
    as in a run, the persona included; without a limit they may be as many as there. Raises PackError, RunError,
    DataError where there is nothing to read, ModelFileError, BaseModelError.
    """
    loaded = load_pack(chosen_pack(pack))
    files = read_files(data or loaded.folder / "train", loaded)
    held_out = read_held_out(sorted((loaded.folder / "eval").glob("*.jsonl")))
    count, longest = _counter(loaded)
    limits = replace(limits, max_tokens=limits.max_tokens or longest)
    report = examine(files, held_out, count, loaded, pack_contacts(loaded), limits, language=loaded.rules)
    typer.echo(json.dumps(report.as_json()) if as_json else readable(report))
    return REFUSED_EXIT if report.refused else 0


def from_log(pack: Path | None, out: Path, *, as_json: bool) -> None:
    """Write liked local answers and the cloud's answers to `out`, masked and not yet approved.

    What `out` holds of decisions and corrections stays; what the log no longer holds goes. Raises PackError,
    DatabaseError, and DataError where `out` cannot be read or written, and where nothing can be
    masked in the pack's language.
    """
    loaded = load_pack(chosen_pack(pack))
    language = maskable(loaded)
    old = read_candidates(out) if out.is_file() else ()
    found = merge(old, propose(_logged(), loaded), language, pack_contacts(loaded))
    write_candidates(out, found)
    before = {candidate.key for candidate in old}
    new = sum(candidate.key not in before for candidate in found)
    figures = {
        "file": str(out),
        "candidates": len(found),
        "new": new,
        "gone": len(old) - (len(found) - new),
        "undecided": sum(not candidate.decided for candidate in found),
        "masked": sum(bool(candidate.masked) for candidate in found),
    }
    typer.echo(json.dumps(figures) if as_json else _about(figures))


def approve(candidates: Path, pack: Path | None) -> None:
    """Show each undecided candidate and ask for yes or no; each decision is kept at once.

    Raises PackError, DataError.
    """
    loaded = load_pack(chosen_pack(pack))
    all_ = list(read_candidates(candidates))
    open_ = [number for number, candidate in enumerate(all_) if not candidate.decided]
    for done, number in enumerate(open_):
        typer.echo(f"\n{done + 1} of {len(open_)}")
        decided = ask_about(all_[number], loaded)
        if decided is None:
            break
        all_[number] = decided
        write_candidates(candidates, all_)
    approved = sum(candidate.approved for candidate in all_)
    left = sum(not candidate.decided for candidate in all_)
    typer.echo(f"{approved} approved, {len(all_) - approved - left} declined, {left} left in {candidates}")


def add(candidates: Path, pack: Path | None, *, as_json: bool) -> None:
    """Append the approved candidates to the pack's training data. Raises PackError, DataError."""
    loaded = load_pack(chosen_pack(pack))
    added = append(read_candidates(candidates), loaded, _guard_of(loaded.rules))
    if as_json:
        typer.echo(json.dumps(asdict(added)))
        return
    typer.echo(f"{added.grounded} added to {loaded.folder / GROUNDED_FILE}")
    typer.echo(f"{added.cloud} added to {loaded.folder / CLOUD_FILE}")
    typer.echo(f"{added.known} there already")
    if added.unsupported:
        turns = ", ".join(map(str, added.unsupported))
        typer.echo(f"{len(added.unsupported)} left out, for their fact does not bear the answer out: turns {turns}")


def readable(report: Report) -> str:
    """The report for people."""
    tokens, worst = report.lengths, report.problems[:SHOWN_PROBLEMS]
    more = len(report.problems) - len(worst)
    refused = sum(problem.refused for problem in report.problems)
    return "\n".join(
        [
            *(f"{file.path}: {file.conversations} conversations ({file.format or 'unread'})" for file in report.files),
            f"conversations  {report.conversations}, with {report.turns} answers",
            f"tokens         median {tokens.median:g}, 95 % up to {tokens.p95}, longest {tokens.longest}",
            *_wanted("categories", report.categories),
            *_wanted("facts", report.facts),
            *(
                []
                if report.names_looked_for
                else ["names          not looked for: there are no rules for the pack's language"]
            ),
            f"problems       {len(report.problems)}, of which {refused} must be put right before training",
            *(f"{'refused' if p.refused else 'warning'}  {p.place}: {p.text} {p.hint}" for p in worst),
            *([f"… and {more} more; --json gives all."] if more else []),
        ]
    )


def _wanted(name: str, coverage: tuple[Coverage, ...]) -> list[str]:
    if not coverage:
        return []
    short = [one for one in coverage if one.wants]
    what = f"{len(coverage) - len(short)} of {len(coverage)} have {coverage[0].target} examples or more"
    lacking = ", ".join(f"{one.name} {one.wants}" for one in short[:SHOWN_PROBLEMS])
    more = f" and {len(short) - SHOWN_PROBLEMS} others" if len(short) > SHOWN_PROBLEMS else ""
    return [f"{name:14s} {what}" + (f"; still wanted: {lacking}{more}" if short else "")]


def _about(figures: dict[str, object]) -> str:
    counts = "{candidates} candidates, {new} of them new, {masked} masked; {gone} gone from the log"
    return f"{figures['file']}: {counts.format(**figures)}\n{figures['undecided']} wait for a person"


def _counter(pack: Pack) -> tuple[Callable[[Conversation], int], int]:
    """What counts the tokens of an example as a run does, and how many a run takes."""
    base = open_base(model_file(load_settings()))
    recipe, _ = resolve_recipe(pack.folder, [])
    longest = min(recipe.max_tokens, base.context_tokens)
    return lambda said: len(encode(with_persona(said, pack.persona), base.vocabulary).tokens), longest


def _logged() -> list[LoggedTurn]:
    settings = load_settings()
    scheme, _, path = settings.resolved_database_url.partition(":///")
    if scheme == "sqlite" and not Path(path).is_file():  # an empty one in its place would end every decision
        raise DataError(
            f"There is no log in {path}.", "Set FIRSTLINE_DATA_DIR or FIRSTLINE_DATABASE_URL as for `serve`."
        )
    with Store.open(settings.resolved_database_url) as store:
        return [
            LoggedTurn(
                id=turn.id,
                at=turn.at,
                route=turn.route,
                category=turn.category,
                question=turn.question,
                answer=turn.answer,
                fact=turn.fact,
                fact_text=turn.fact_text,
                nearest=turn.nearest,
            )
            for turn in store.teachable.all()
        ]


def _guard_of(language: Language | None) -> BorneOut:
    """The guard that watches over answers in use; without rules for the language nothing is borne out."""

    def borne_out(text: str, question: str, answer: str) -> bool:
        if language is None:
            return False
        guard = SupportGuard(text, question, language=language)
        guard.feed(answer)
        guard.finish()
        return guard.verdict.ok

    return borne_out
