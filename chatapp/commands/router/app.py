"""`firstline router …`, `firstline encoder …` and `firstline bench …`: what an operator does to the router, offline."""

from pathlib import Path
from typing import Annotated

import typer

router_app = typer.Typer(help="Train, calibrate, evaluate and explain the router of a pack.", no_args_is_help=True)
encoder_app = typer.Typer(help="Tune the sentence encoder on a pack.", no_args_is_help=True)
safety_app = typer.Typer(help="Tell messages of danger, which are answered before routing.", no_args_is_help=True)
bench_app = typer.Typer(help="Measure against published data sets and peers.", no_args_is_help=True)

PackArgument = Annotated[Path | None, typer.Argument(help="The pack's folder; FIRSTLINE_PACK if not given.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]
PolicyOption = Annotated[Path | None, typer.Option("--policy", help="A policy file instead of the pack's defaults.")]


@router_app.command()
def train(pack: PackArgument = None, json: JsonOption = False) -> None:
    """Train the router of a pack anew, and say how it does on messages that it was not taught."""
    from chatapp.commands.router.train import train as run

    run(pack, as_json=json)


@router_app.command()
def calibrate(
    pack: PackArgument = None,
    risk: Annotated[float | None, typer.Option(help="Share of local answers that may be wrong, e.g. 0.02.")] = None,
    local: Annotated[float | None, typer.Option(help="Share of in-scope messages to keep local, e.g. 0.8.")] = None,
    confidence: Annotated[float, typer.Option(help="How sure the promise must be.")] = 0.9,
    traffic: Annotated[
        Path | None,
        typer.Option(help="Messages to hold the calibration against, one a line; those of the database if not given."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the policy to this file.")] = None,
    json: JsonOption = False,
) -> None:
    """Choose the thresholds for a stated risk or a stated local share, and say whether the data suffice."""
    from chatapp.commands.router.calibrate import calibrate as run

    run(pack, risk=risk, local=local, confidence=confidence, traffic=traffic, out=out, as_json=json)


@router_app.command("eval")
def evaluate(
    pack: PackArgument = None,
    data: Annotated[Path | None, typer.Option(help="Labelled messages; <pack>/eval/messages.jsonl by default.")] = None,
    policy: PolicyOption = None,
    against: Annotated[Path | None, typer.Option(help="Another policy file or pack to compare with.")] = None,
    out: Annotated[Path, typer.Option(help="The report; figures beside it as .json.")] = Path("router-report.html"),
    json: JsonOption = False,
) -> None:
    """Evaluate the router on labelled messages; write a self-contained HTML report and its figures as JSON."""
    from chatapp.commands.router.evaluate import evaluate as run

    run(pack, data=data, policy=policy, against=against, out=out, as_json=json)


@router_app.command()
def explain(
    text: Annotated[str, typer.Argument(help="A message.")],
    pack: Annotated[Path | None, typer.Option(help="The pack's folder; FIRSTLINE_PACK if not given.")] = None,
    policy: PolicyOption = None,
    turn: Annotated[list[str] | None, typer.Option(help="An earlier message of the user; oldest first.")] = None,
    json: JsonOption = False,
) -> None:
    """Say where a message goes, why, and what would have changed that."""
    from chatapp.commands.router.explain import explain as run

    run(text, pack=pack, policy=policy, turns=turn or [], as_json=json)


@router_app.command()
def learn(pack: PackArgument = None, json: JsonOption = False) -> None:
    """Learn from the verdicts on local answers which messages the local model answers well."""
    from chatapp.commands.router.learn import learn as run

    run(pack, as_json=json)


@encoder_app.command("tune")
def tune(
    pack: PackArgument = None,
    epochs: Annotated[int, typer.Option(help="0 chooses by the number of messages.")] = 0,
    rank: Annotated[int, typer.Option(help="Rank of the adapter.")] = 16,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 7e-4,
    seed: Annotated[int, typer.Option(help="Seed.")] = 7,
    json: JsonOption = False,
) -> None:
    """Tune the encoder on the pack's own messages: minutes on a CPU; kept only if held-out figures improve."""
    from chatapp.commands.router.tune import tune as run
    from router.encoder.lora import Recipe

    run(pack, Recipe(rank=rank, learning_rate=learning_rate, epochs=epochs, seed=seed), as_json=json)


@safety_app.command("tune")
def tune_safety(pack: PackArgument = None, json: JsonOption = False) -> None:
    """Learn from the pack's safety messages how danger sounds: minutes on a CPU; says what it does on held-out ones."""
    from chatapp.commands.router.safety import tune_safety as run

    run(pack, as_json=json)


@safety_app.command("evaluate")
def evaluate_safety(
    data: Annotated[Path, typer.Option(help="JSON lines with text and kind, null for harmless.")],
    pack: PackArgument = None,
    json: JsonOption = False,
) -> None:
    """Measure which labelled messages are taken for danger."""
    from chatapp.commands.router.safety import evaluate_safety as run

    run(data, pack, as_json=json)


@bench_app.command("router")
def bench_router(
    clinc: Annotated[Path | None, typer.Option(help="CLINC150's data_full.json.")] = None,
    banking: Annotated[Path | None, typer.Option(help="Folder with BANKING77's train.csv and test.csv.")] = None,
    json: JsonOption = False,
) -> None:
    """Measure the router on CLINC150 and BANKING77; needs a checkout of the source."""
    from chatapp.commands.router.bench import bench_router as run

    run(clinc, banking, as_json=json)


@bench_app.command("local")
def bench_local(
    model: Annotated[
        Path | None, typer.Option(help="Any GGUF file; what serves, with its adapter, where none is named.")
    ] = None,
    streams: Annotated[str, typer.Option(help="Answers made at once, one row each.")] = "1,2,4,8,16,32",
    questions: Annotated[int, typer.Option(min=1, help="Questions of the pack that are answered.")] = 24,
    json: JsonOption = False,
) -> None:
    """Measure how fast a local model reads and answers on this machine, by how many at once."""
    from chatapp.commands.local_speed import bench_local as run

    run(model, streams, questions, as_json=json)
