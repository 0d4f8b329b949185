"""`firstline ask`: one turn by the way that every message takes, rendered on the terminal."""

import asyncio
import json
import sys
from contextlib import redirect_stdout

import typer

from chatapp.assembly.product import Product, build_product
from chatapp.errors import SettingError
from chatapp.fences import FenceReport
from chatapp.settings import Settings
from chatapp.turn.events import Asked, Delta, Escalated, Event, Failed, Finished, Notice, Reader, Routed
from router.types import Route

USER = "command-line"
"""Whose conversations those of `ask` are."""

FAILED_EXIT = 3


def ask(settings: Settings, fences: FenceReport | None, text: str, *, as_json: bool, cloud: bool) -> int:
    """Print the answer while it arrives, or every event as a JSON line.

    Gives the exit code: 3 if no whole answer came. Raises SettingError when the cloud is asked for and none
    is connected, MessageError, and what `build_product` raises.
    """
    if cloud and not settings.cloud_connected:
        raise SettingError("No cloud model is connected here.", "Set FIRSTLINE_CLOUD_API_KEY in hybrid mode.")
    with redirect_stdout(sys.stderr):  # the libraries talk while the encoder is exported
        product = build_product(settings, fences)
    return asyncio.run(_turn(product, text, as_json, Route.CLOUD if cloud else None))


async def _turn(product: Product, text: str, as_json: bool, requested: Route | None) -> int:
    try:
        await asyncio.to_thread(product.store.conversations.ensure_user, USER)
        conversation = (await asyncio.to_thread(product.store.conversations.create, USER)).id
        with product.runner.watch(conversation) as (events, _):
            await product.runner.start(USER, conversation, text, requested_route=requested)
            async for event in events:
                show_json(event) if as_json else show(event)
                if isinstance(event, Finished | Failed):
                    return FAILED_EXIT if isinstance(event, Failed) else 0
        raise AssertionError("a subscription ends only with its block")
    finally:
        await product.aclose()


def show_json(event: Event) -> None:
    """One event, one line."""
    typer.echo(json.dumps(event.as_json(Reader.OPERATOR)))


def show(event: Event) -> None:
    """The answer goes to stdout, what is said about it to stderr."""
    match event:
        case Routed(decision=decision):
            typer.echo(f"[{decision.route.value}: {' '.join(r.text for r in decision.reasons)}]", err=True)
        case Asked(options=options):
            typer.echo("".join(f"[{number}: {title}]\n" for number, title in enumerate(options, 1)), nl=False, err=True)
        case Delta(text=text, replace=replace):
            typer.echo(f"\n\n{text}" if replace else text, nl=False)
        case Escalated(reason=reason) | Notice(text=reason):
            typer.echo(f"[{reason}]", err=True)
        case Finished():
            typer.echo()
            typer.echo(_about(event), err=True)
        case Failed(what=what, hint=hint, detail=detail):
            typer.echo()
            typer.echo(f"firstline: {detail or f'{what} {hint}'.strip()}", err=True)


def _about(event: Finished) -> str:
    kind = "nearest" if event.status == "abstained" else "source"
    sources = [f"[{kind} {source.id}: {source.text}]" for source in event.sources]
    cost = f"${event.cost_microusd / 1_000_000:.6f}"
    return "\n".join([*sources, f"[{event.status}, {event.route}, {cost}, {event.total_ms:.0f} ms]"])
