"""`firstline finetune …`: make the local model the deployment's own, step by step."""

from pathlib import Path
from typing import Annotated

import typer

finetune_app = typer.Typer(
    help="Fine-tune the local model on a pack, and measure what came of it.", no_args_is_help=True
)
data_app = typer.Typer(help="Look at training data, and gather it from the log.", no_args_is_help=True)
finetune_app.add_typer(data_app, name="data")

PackArgument = Annotated[Path | None, typer.Argument(help="The pack's folder; FIRSTLINE_PACK if not given.")]
PackOption = Annotated[Path | None, typer.Option("--pack", help="The pack's folder; FIRSTLINE_PACK if not given.")]
DataOption = Annotated[Path | None, typer.Option("--data", help="A file or folder; <pack>/train by default.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="A setting of the recipe: learning_rate=2e-4")]
RunOption = Annotated[str | None, typer.Option("--run", help="A run's name or folder; the newest that has ended.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]
Candidates = Annotated[Path, typer.Argument(help="A file of `from-log`.")]


@data_app.command()
def check(
    pack: PackArgument = None,
    data: DataOption = None,
    max_tokens: Annotated[int | None, typer.Option(help="Longest example, in tokens; the recipe's.")] = None,
    per_category: Annotated[int, typer.Option(help="Examples that each category should have.")] = 30,
    per_fact: Annotated[int, typer.Option(help="Examples that each fact should have.")] = 5,
    json: JsonOption = False,
) -> None:
    """Look at training data: counts, lengths, what is still wanted, and what must be put right."""
    from chatapp.commands.finetune.data import check as run
    from finetune.data.check import Limits

    raise typer.Exit(run(pack, data, Limits(max_tokens, per_category, per_fact), as_json=json))


@data_app.command("from-log")
def from_log(
    pack: PackArgument = None,
    out: Annotated[Path, typer.Option(help="Where the candidates are kept.")] = Path("candidates.jsonl"),
    json: JsonOption = False,
) -> None:
    """Write liked local answers and the cloud's, masked, as candidates for a person to approve."""
    from chatapp.commands.finetune.data import from_log as run

    run(pack, out, as_json=json)


@data_app.command()
def approve(candidates: Candidates, pack: PackOption = None) -> None:
    """Show one candidate after the other and ask y/n/q; each decision is kept at once."""
    from chatapp.commands.finetune.data import approve as run

    run(candidates, pack)


@data_app.command()
def add(candidates: Candidates, pack: PackOption = None, json: JsonOption = False) -> None:
    """Append what was approved to the pack's training data."""
    from chatapp.commands.finetune.data import add as run

    run(candidates, pack, as_json=json)


@finetune_app.command()
def estimate(
    pack: PackArgument = None, data: DataOption = None, set_: SetOption = None, json: JsonOption = False
) -> None:
    """Say what a run would take on this machine: memory, disk, minutes."""
    from chatapp.commands.finetune.run import estimate as run_estimate

    run_estimate(pack, data, set_ or [], as_json=json)


@finetune_app.command()
def run(
    pack: PackArgument = None,
    data: DataOption = None,
    set_: SetOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, also where the same run was broken off.")] = False,
    json: JsonOption = False,
) -> None:
    """Fine-tune the local model; the same command goes on with a run that was broken off."""
    from chatapp.commands.finetune.run import run as run_it

    run_it(pack, data, set_ or [], fresh=fresh, as_json=json)


@finetune_app.command()
def sweep(
    grid: Annotated[list[str], typer.Option("--grid", help="learning_rate=2e-4,5e-4; repeat for more settings.")],
    pack: PackArgument = None,
    data: DataOption = None,
    set_: SetOption = None,
    questions: Annotated[int, typer.Option(min=1, help="Held-out questions that each run is asked.")] = 100,
    json: JsonOption = False,
) -> None:
    """Run every combination of some settings, and rank the runs by held-out correctness."""
    from chatapp.commands.finetune.run import sweep as run_sweep

    run_sweep(pack, data, set_ or [], grid, questions, as_json=json)


@finetune_app.command()
def runs(
    pack: PackArgument = None,
    out: Annotated[Path, typer.Option(help="The page.")] = Path("finetune-runs.html"),
) -> None:
    """Compare the runs of a pack on one self-contained page."""
    from chatapp.commands.finetune.run import runs as run_runs

    run_runs(pack, out)


@finetune_app.command("eval")
def evaluate(
    pack: PackArgument = None,
    run: RunOption = None,
    data: Annotated[Path | None, typer.Option(help="Held-out questions; <pack>/eval/questions.jsonl.")] = None,
    side_by_side: Annotated[Path | None, typer.Option(help="Write a page with the answers next to each other.")] = None,
    json: JsonOption = False,
) -> None:
    """Put held-out questions to a run's model, to what serves now and to the base, layer by layer."""
    from chatapp.commands.finetune.evaluate import evaluate as run_eval

    run_eval(pack, run, data, side_by_side, as_json=json)


@finetune_app.command()
def quantize(
    pack: PackArgument = None,
    run: RunOption = None,
    prompts: Annotated[int, typer.Option(help="Prompts for every variant; held-out questions first.")] = 200,
    torch: Annotated[int, typer.Option(help="How many of them PEFT in PyTorch is asked too.")] = 40,
    json: JsonOption = False,
) -> None:
    """Merge a run's adapter into the base, quantise it, and measure every variant: size, speed, answers, agreement."""
    from chatapp.commands.finetune.quantize import quantize as run_quantize

    run_quantize(pack, run, prompts, torch, as_json=json)


@finetune_app.command()
def gate(pack: PackArgument = None, run: RunOption = None, json: JsonOption = False) -> None:
    """Say whether a run's model may replace what serves now, and which condition failed by how much."""
    from chatapp.commands.finetune.release import gate as run_gate

    raise typer.Exit(0 if run_gate(pack, run, as_json=json) else 1)


@finetune_app.command()
def promote(
    pack: PackArgument = None,
    run: RunOption = None,
    why: Annotated[str, typer.Option(help="Kept in the log of releases.")] = "",
    into_pack: Annotated[bool, typer.Option("--into-pack", help="Let the pack's folder ship it.")] = False,
) -> None:
    """Put a run's model into service, with its thresholds; a running application takes it with its next turn."""
    from chatapp.commands.finetune.release import promote as run_promote

    run_promote(pack, run, why, into_pack=into_pack)


@finetune_app.command()
def rollback(
    pack: PackArgument = None, why: Annotated[str, typer.Option(help="Kept in the log of releases.")] = ""
) -> None:
    """Put back what served before the last promotion."""
    from chatapp.commands.finetune.release import rollback as run_rollback

    run_rollback(pack, why)
