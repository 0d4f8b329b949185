"""A long conversation with the local model: does the prompt stay flat, and is the name still known at the end?

    python -m bench.context [--turns 100] [--budget 1024] [--name "Ada Lindqvist"] [--json]

It talks to the local backend itself, with a context of 2,048 tokens, without router, store and web. Times are
this machine's; tokens, folds and answers are repeatable (temperature 0). The history has the facts themselves as
answers, as the application shows them where the guard holds the model's wording back.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass

from chatapp.backends.base import Backend, ChatMessage, Request
from chatapp.context import Exchange, Fitted, fit, recall, remind, summarize
from chatapp.context.notes import Notes, recall_tokens
from language.english import ENGLISH

PERSONA = (
    "You are the friendly help desk of Tarn & Tor, a shop for outdoor equipment. Answer in one to three short "
    "sentences, from the fact you are given and nothing else. Keep its numbers, names and conditions exactly."
)
STATED = {
    1: "Hi, my name is {name}.",
    4: "My order number is TT-48213.",
    9: "I need boots in size 43.",
    15: "I live in Stennhaven, and I prefer light tents.",
    22: "You can write to me at hiker@mail.example.",
    30: "Sorry, I meant boots in size 44.",
}
ASKED = (
    ("How much is express delivery?", "Express delivery costs 9.90 EUR and arrives the next working day."),
    ("How long can I return something?", "Unused goods may be returned within 60 days of delivery."),
    ("How warm is the Drift 0?", "The Drift 0 is a down sleeping bag with a comfort temperature of 0 C."),
    ("Is there a store in Marlow Cross?", "Our store in Marlow Cross is at 2 Mill Lane."),
    ("May I try boots on outside?", "Footwear may be tried on indoors only."),
    (
        "How long is the warranty?",
        "The warranty is 3 years, and 5 years on our own tents, packs and jackets.",
    ),
    ("Do you ship to Norway?", "Delivery to Norway costs 14.90 EUR and takes 4 to 7 working days."),
    ("How heavy is the Skua 2?", "The Skua 2 is a tent for two persons and weighs 1.9 kg."),
    ("Can I still cancel my order?", "An order can be changed or cancelled until it is packed."),
    ("What are Trailpoints?", "You get 1 Trailpoint per euro; 100 points are worth 5 euros."),
    ("Is the Squall waterproof?", "The Squall is a 3-layer shell with a water column of 20,000 mm."),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One turn; `summary_tokens` is the summary's part of the prompt, `folds` how many there were before it."""

    turn: int
    prompt_tokens: int
    cached_tokens: int
    ttft_ms: float
    kept: int
    folds: int
    summary_tokens: int


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of the model, and the tokens of its prompt that were warm."""

    text: str
    cached_tokens: int
    ttft_ms: float


class Conversation:
    """A conversation as the application keeps it: a summary, and the exchanges after it."""

    def __init__(self, backend: Backend, budget_tokens: int) -> None:
        self.backend, self.budget_tokens = backend, budget_tokens
        self.summary, self.exchanges, self.folds = "", list[Exchange](), 0
        self.gists: list[str] = []

    async def turns(self, number: int, name: str) -> AsyncIterator[Row]:
        """The script's turns, one row each."""
        for turn in range(1, number + 1):
            question, fact = ASKED[turn % len(ASKED)]
            user = f"{STATED[turn].format(name=name)} {question}" if turn in STATED else question
            fitted = self.fitted(user, fact)
            said = await say(self.backend, fitted.messages)
            notes_tokens = recall_tokens(Notes.parse(fitted.summary), self.backend.count_tokens)
            yield Row(
                turn,
                fitted.prompt_tokens,
                said.cached_tokens,
                said.ttft_ms,
                len(fitted.kept),
                self.folds,
                notes_tokens,
            )
            self.exchanges.append(Exchange(turn, user, fact))
            if fitted.left:
                await self.fold(fitted.left)

    def fitted(self, user: str, fact: str = "") -> Fitted:
        """The prompt of a new message."""
        new = ChatMessage("user", f"Fact: {fact}\n\n{user}" if fact else user)

        def build(summary: str, kept: Sequence[Exchange]) -> list[ChatMessage]:
            history = [
                message
                for each in kept
                for message in (ChatMessage("user", each.user), ChatMessage("assistant", each.assistant))
            ]
            return [
                ChatMessage("system", PERSONA),
                *recall(summary),
                *history,
                *remind(summary, kept, user, ENGLISH),
                new,
            ]

        return fit(build, self.summary, self.exchanges, self.backend.count_tokens, self.budget_tokens, ENGLISH)

    async def fold(self, left: Sequence[Exchange]) -> None:
        """Update the summary and drop the exchanges that it now replaces."""

        async def ask(request: Request) -> str:
            return (await say(self.backend, request.messages, request.max_tokens)).text

        count = self.backend.count_tokens
        summary = await summarize(ask, count, self.summary, left, self.budget_tokens, ENGLISH)
        self.summary, self.folds = summary.text, self.folds + 1
        self.exchanges = [each for each in self.exchanges if each.turn_id > summary.through_turn_id]
        self.gists.append(summary.gist)


async def say(backend: Backend, messages: tuple[ChatMessage, ...], max_tokens: int = 60) -> Said:
    """One whole answer, at temperature 0."""
    began, ttft_ms, pieces = time.perf_counter(), 0.0, list[str]()
    stream = backend.stream(Request(messages, max_tokens, alike=(messages[:-1], messages)))
    async for token in stream:
        ttft_ms = ttft_ms or (time.perf_counter() - began) * 1000
        pieces.append(token.text)
    await stream.aclose()
    return Said("".join(pieces).strip(), stream.usage.cached_tokens, ttft_ms)


async def run(turns: int, budget_tokens: int, name: str) -> dict[str, object]:
    """All figures of one conversation, JSON-ready."""
    from chatapp.backends.local.backend import LocalBackend
    from chatapp.settings import load_settings

    backend = LocalBackend(load_settings(local_context_tokens=2048, local_prompt_tokens=budget_tokens))
    try:
        talk = Conversation(backend, budget_tokens)
        rows = [row async for row in talk.turns(turns, name)]
        answer = (await say(backend, talk.fitted("What is my name?").messages, 24)).text
    finally:
        await backend.aclose()
    return {
        "rows": [asdict(row) for row in rows],
        "flat": {"turns 30-60": _medians(rows[29:60]), "turns 70-100": _medians(rows[69:100])},
        "gists": {gist: talk.gists.count(gist) for gist in sorted(set(talk.gists))},
        "summary": talk.summary,
        "answer": answer,
        "name_known": name.casefold() in answer.casefold(),
    }


def _medians(rows: Sequence[Row]) -> dict[str, float]:
    if not rows:
        return {}
    return {
        "prompt_tokens": statistics.median(row.prompt_tokens for row in rows),
        "cached_tokens": statistics.median(row.cached_tokens for row in rows),
        "ttft_ms": round(statistics.median(row.ttft_ms for row in rows), 1),
    }


def _show(figures: dict[str, object]) -> None:
    rows = figures["rows"]
    assert isinstance(rows, list)
    print("turn  prompt  cached  ttft ms  kept  folds  summary")
    for row in [rows[0], *rows[9::10]]:
        print(
            f"{row['turn']:4}  {row['prompt_tokens']:6}  {row['cached_tokens']:6}  {row['ttft_ms']:7.0f}  "
            f"{row['kept']:4}  {row['folds']:5}  {row['summary_tokens']:7}"
        )
    print(f"\nlongest prompt: {max(row['prompt_tokens'] for row in rows)} tokens")
    for key in ("flat", "gists", "summary", "answer", "name_known"):
        print(f"{key}: {figures[key]}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--budget", type=int, default=1024, help="prompt budget in tokens")
    parser.add_argument("--name", default="Ada Lindqvist")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = asyncio.run(run(asked.turns, asked.budget, asked.name))
    if asked.json:
        print(json.dumps(figures, indent=2))
    else:
        _show(figures)


if __name__ == "__main__":
    main()
