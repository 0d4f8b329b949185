"""`firstline router explain`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chatapp.commands.router.opened import chosen_settings, open_quietly

if TYPE_CHECKING:
    from router.policy.explain import Counterfactual
    from router.types import Decision


_NAMES = {"in_scope": "in scope", "best_fact": "best fact", "answers_well": "goes well"}


def explain(text: str, *, pack: Path | None, policy: Path | None, turns: Sequence[str], as_json: bool) -> None:
    """Print the decision on one message, why it is so, and what would have changed it. No model is asked.

    Raises MessageError, and what opening a router raises.
    """
    from chatapp.turn.message import clean_message
    from router.policy.explain import counterfactual
    from router.types import Circumstances

    settings = chosen_settings(pack, policy)
    *earlier, message = (clean_message(turn, settings.message_max_chars) for turn in (*turns, text))
    decision = open_quietly(settings).decide(message, earlier, Circumstances(settings.mode, settings.cloud_connected))
    otherwise = counterfactual(decision)
    if as_json:
        typer.echo(json.dumps(decision.as_json() | {"counterfactual": otherwise.as_json()}))
        return
    for line in (*_decision(decision), *_margins(otherwise), *_evidence(decision), *_otherwise(otherwise)):
        typer.echo(line)


def _decision(decision: "Decision") -> tuple[str, ...]:
    return (
        _line("route", decision.route.value),
        *(_line("because", reason.text) for reason in decision.reasons),
        _line("category", f"{decision.category} {decision.confidence:.2f}"),
    )


def _margins(otherwise: "Counterfactual") -> tuple[str, ...]:
    return tuple(
        _line(_NAMES[m.name], f"{m.value:.3f}, threshold {m.threshold:.3f}, margin {m.margin:+.3f}")
        for m in otherwise.margins
    )


def _evidence(decision: "Decision") -> tuple[str, ...]:
    given = {fact.id for fact in decision.facts}
    facts = ((f, "fact" if f.id in given else "candidate") for f in decision.candidates or decision.facts)
    return (
        *(_line(name, f"{fact.probability:.2f} {fact.id}: {fact.text}") for fact, name in facts),
        *(_line("near", f"{near.similarity:.2f} {near.label}: {near.text}") for near in decision.neighbours),
    )


def _otherwise(otherwise: "Counterfactual") -> tuple[str, ...]:
    return tuple(_line("otherwise", text) for text in otherwise.texts)


def _line(name: str, text: str) -> str:
    return f"{name:10s}{text}"
