"""`firstline route`: one decision, or one a line. Never calls a model."""

import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any, BinaryIO

import typer

from chatapp.assembly.open_router import open_router
from chatapp.errors import FrameError, UserError
from chatapp.settings import Settings
from chatapp.turn.message import clean_message
from router.router import Router
from router.types import Circumstances, Decision

_LINE_HINT = 'A line is {"turns": ["earlier", "the message"]} or {"text": "the message"}.'


def route_text(settings: Settings, text: str, *, as_json: bool) -> None:
    """Print the decision on one message. Raises MessageError, and RouterError from opening the router."""
    message = clean_message(text, settings.message_max_chars)
    decision = _open(settings).decide(message, (), _circumstances(settings))
    typer.echo(json.dumps(decision.as_json()) if as_json else readable(decision))


def route_lines(settings: Settings, lines: BinaryIO) -> int:
    """Print a JSON line for each that is not blank, as it is read. Gives the exit code: 1 after an error."""
    router, circumstances, failed = _open(settings), _circumstances(settings), 0
    for number, line in enumerate(_decoded(lines), 1):
        if not line.strip():
            continue
        try:
            *earlier, message = _turns(line, settings.message_max_chars)
            answer = router.decide(message, earlier, circumstances).as_json()
        except UserError as error:
            answer, failed = error.as_json() | {"line": number}, 1
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return failed


def readable(decision: Decision) -> str:
    """The decision for people, a few lines."""
    facts = [f"fact      {fact.id} {fact.probability:.2f}: {fact.text}" for fact in decision.facts]
    why = [f"because   {reason.text}" for reason in decision.reasons]
    return "\n".join(
        [
            f"route     {decision.route.value}",
            f"category  {decision.category} {decision.confidence:.2f}",
            f"in scope  {decision.in_scope:.2f}, threshold {decision.threshold:.2f}",
            *facts,
            *why,
            f"policy    {decision.policy}, {decision.mode.value}, {decision.elapsed_ms:.1f} ms",
        ]
    )


def _decoded(lines: BinaryIO) -> Iterator[str]:
    return (line.decode("utf-8", "replace") for line in lines)


def _open(settings: Settings) -> Router:
    with redirect_stdout(sys.stderr):  # the libraries talk while the encoder is exported
        return open_router(settings)


def _circumstances(settings: Settings) -> Circumstances:
    return Circumstances(settings.mode, settings.cloud_connected)


def _turns(line: str, max_chars: int) -> list[str]:
    """The user's messages, the one to route last. Raises FrameError, MessageError."""
    try:
        frame: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"This line is not JSON: {error}.", _LINE_HINT) from None
    turns = (frame.get("turns") or [frame.get("text")]) if isinstance(frame, dict) else None
    if not isinstance(turns, list) or not turns:
        raise FrameError(f"This line holds no message: {line.strip()[:100]!r}.", _LINE_HINT)
    return [clean_message(turn, max_chars) for turn in turns]
