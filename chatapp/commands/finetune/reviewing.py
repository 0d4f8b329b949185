"""One candidate on the terminal, and a person's decision on it."""

from dataclasses import replace

import typer

from finetune.data.candidates import Candidate
from finetune.data.taught_facts import worded
from router.pack.load import Pack

_ASK = "Train on it? y(es), n(o), q(uit)"
_WHICH = "Fact that the answer rests on (its id; Enter for none)"


def ask_about(candidate: Candidate, pack: Pack) -> Candidate | None:
    """The candidate with the person's decision, or None where they quit. Raises typer.Abort at the end of input."""
    facts = {name: fact.text for name, fact in worded(pack).items()}
    typer.echo(_shown(candidate, facts))
    while True:
        match typer.prompt(_ASK).strip().lower():
            case "y" | "yes":
                return replace(candidate, approved=True, fact=candidate.fact or _fact(facts))
            case "n" | "no":
                return replace(candidate, declined=True)
            case "q" | "quit":
                return None


def _shown(candidate: Candidate, facts: dict[str, str]) -> str:
    lines = [f"{candidate.route} answer, {candidate.category or 'no category'}, turn {candidate.turn}"]
    if candidate.masked:
        lines.append(f"masked    {', '.join(candidate.masked)}")
    lines += [f"question  {candidate.question}", f"answer    {candidate.answer}"]
    if candidate.fact:
        lines.append(f"fact      {candidate.fact}: {facts.get(candidate.fact, 'no fact that the model words')}")
    lines += [f"nearest   {fact}: {facts[fact]}" for fact in candidate.nearest if not candidate.fact and fact in facts]
    return "\n".join(_printable(line) for line in lines)


def _fact(facts: dict[str, str]) -> str:
    """Ask for the fact where the log names none: with it, the example teaches to answer from that fact."""
    while True:
        named = str(typer.prompt(_WHICH, default="", show_default=False)).strip()
        if not named or named in facts:
            return named
        typer.echo(f"{named!r} is no fact that the model words.")


def _printable(text: str) -> str:
    """Without the control characters by which a customer's words could speak to the terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)
