"""`firstline serve | ask | route | router | encoder | safety | finetune | bench | servers | doctor | version`.

Libraries load in the commands: help is instant.
"""

import errno
import sys
from typing import Annotated, Any

import typer

from chatapp import __version__
from chatapp.commands.finetune.app import finetune_app
from chatapp.commands.router.app import bench_app, encoder_app, router_app, safety_app
from chatapp.errors import ProviderError
from chatapp.start import fenced, start
from localmodel.errors import ExplainedError
from router.types import Mode

OPERATOR_EXIT, PROVIDER_EXIT = 2, 3
_ON_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR)

app = typer.Typer(
    name="firstline",
    help="Answers the common questions on this machine and escalates the rest; set by FIRSTLINE_* variables.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ModeOption = Annotated[Mode | None, typer.Option(help="Instead of FIRSTLINE_MODE.")]
app.add_typer(router_app, name="router")
app.add_typer(encoder_app, name="encoder")
app.add_typer(safety_app, name="safety")
app.add_typer(finetune_app, name="finetune")
app.add_typer(bench_app, name="bench")

JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]


def main() -> None:
    """Run the command line. An error that someone can put right is two lines on stderr, not a traceback.

    Exit codes: 2 the operator's or the caller's mistake, 3 a model failed, 130 interrupted.
    """
    try:
        program()()
    except ExplainedError as error:
        typer.echo(f"firstline: {error.what}", err=True)
        if error.hint:
            typer.echo(error.hint, err=True)
        sys.exit(PROVIDER_EXIT if isinstance(error, ProviderError) else OPERATOR_EXIT)
    except OSError as error:
        if error.errno not in _ON_DISK:
            raise
        typer.echo(f"firstline: {error.filename or 'A file'} cannot be written or read ({error.strerror}).", err=True)
        typer.echo("Make room, or name a file in a folder that is there and writable.", err=True)
        sys.exit(OPERATOR_EXIT)
    except KeyboardInterrupt:
        sys.exit(130)


def program() -> Any:
    """The whole command line, each command of which starts behind the fences where the mode asks for them."""
    return fenced(typer.main.get_command(app))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Instead of FIRSTLINE_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Instead of FIRSTLINE_PORT; 0 takes a free one.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the chat in a browser.")] = False,
) -> None:
    """Run the chat server."""
    settings, fences = start(host=host, port=port)
    from chatapp.commands.serve import serve as run

    run(settings, fences, open_browser=open_)


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="The message.")],
    json: JsonOption = False,
    cloud: Annotated[bool, typer.Option("--cloud", help="Let the cloud model answer.")] = False,
) -> None:
    """Answer one message, as the server would, and print the answer while it arrives."""
    settings, fences = start()
    from chatapp.commands.ask import ask as run

    raise typer.Exit(run(settings, fences, text, as_json=json, cloud=cloud))


@app.command()
def route(
    text: Annotated[str, typer.Argument(help="A message; `-` reads JSON lines from stdin.")],
    json: JsonOption = False,
    mode: ModeOption = None,
) -> None:
    """Say where a message would go, and why. No model is asked.

    A line of stdin is {"turns": ["earlier", "the message"]} or {"text": "the message"}; for each, a decision
    is printed at once, or {"error": ..., "line": n}, which makes the exit code 1.
    """
    settings, _ = start(mode=mode)
    from chatapp.commands.router.route import route_lines, route_text

    if text == "-":
        raise typer.Exit(route_lines(settings, sys.stdin.buffer))
    route_text(settings, text, as_json=json)


@app.command()
def servers(
    drain: Annotated[str | None, typer.Option(help="Give this server no new calls; those that run may end.")] = None,
    resume: Annotated[str | None, typer.Option(help="Give this server calls again.")] = None,
) -> None:
    """Show the servers of FIRSTLINE_LOCAL_BASE_URL and their state, take one out or put it back."""
    settings, _ = start()
    from chatapp.commands.servers import servers as run

    run(settings, drain=drain, resume=resume)


@app.command()
def doctor(json: JsonOption = False) -> None:
    """Check the installation, part by part, and say how to put right what is wrong."""
    from chatapp.commands.doctor import doctor as examine

    raise typer.Exit(examine(start, as_json=json))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"firstline {__version__}")


if __name__ == "__main__":
    main()
