"""The running summary: what the customer said, word for word, and a gist of what was talked about.

As text it is three kinds of lines, each with its mark, so that it can be stored, read by people, and parsed
again: `Name: `, `- ` for a statement of the customer, `Gist: `.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from chatapp.backends.base import ChatMessage
from chatapp.context.budget import GIST_SHARE, Count, Exchange, largest, summary_budget
from chatapp.context.statements import IDENTITY, kinds, name_in, statements_in, supersedes, topic_of

_NAME, _SAID, _GIST = "Name: ", "- ", "Gist: "
_ASKED = "You asked: "
_TOPICS = 6
_SYSTEM = ChatMessage("system", "-")


@dataclass(frozen=True, slots=True)
class Notes:
    """A summary in its parts; `said` oldest first. No part contains a line break."""

    name: str = ""
    said: tuple[str, ...] = ()
    gist: str = ""

    @classmethod
    def parse(cls, text: str) -> "Notes":
        """The notes that `text` was made from; lines without a mark are dropped."""
        lines = text.split("\n")
        return cls(
            next((line[len(_NAME) :] for line in lines if line.startswith(_NAME)), ""),
            tuple(line[len(_SAID) :] for line in lines if line.startswith(_SAID)),
            next((line[len(_GIST) :] for line in lines if line.startswith(_GIST)), ""),
        )

    @property
    def text(self) -> str:
        """The notes as they are stored."""
        name = [_NAME + self.name] if self.name else []
        gist = [_GIST + self.gist] if self.gist else []
        return "\n".join([*name, *(_SAID + line for line in self.said), *gist])


def recall(summary: str) -> tuple[ChatMessage, ...]:
    """The summary as exchanges, to stand between the system prompt and the history.

    The customer's words stay the customer's: they never enter the system prompt. And small models use a fact
    far better from an exchange than from the system prompt; docs/context.md has the figures.
    """
    notes = Notes.parse(summary)
    pairs = []
    if notes.gist:
        pairs.append(("What did we talk about before?", notes.gist))
    if notes.said:
        pairs.append(("\n".join(notes.said), "Thank you, I will remember that."))
    if notes.name:
        pairs.append((f"My name is {notes.name}.", f"Your name is {notes.name}."))
    return tuple(
        message
        for user, assistant in pairs
        for message in (ChatMessage("user", user), ChatMessage("assistant", assistant))
    )


def recall_tokens(notes: Notes, count: Count) -> int:
    """Tokens that the notes add to a prompt."""
    return count((_SYSTEM, *recall(notes.text))) - count((_SYSTEM,))


def remember(summary: str, left: Sequence[Exchange], count: Count, budget_tokens: int) -> str:
    """The summary with the exchanges that leave the history taken in, by rule alone.

    Invariants: it adds at most `summary_budget(budget_tokens)` tokens to a prompt; statements are verbatim,
    each once, the newest of its kind; when the budget is full the gist's share is kept and statements leave,
    the oldest first, what identifies the customer after all others, the name last. Taking the same exchanges
    in again changes nothing but the order of the statements.
    """
    notes = Notes.parse(summary)
    for exchange in left:
        notes = replace(notes, name=name_in(exchange.user) or notes.name, said=_with(notes.said, exchange.user))
    if not notes.gist or notes.gist.startswith(_ASKED):
        notes = replace(notes, gist=_topics(notes.gist, left, count, budget_tokens))
    return settle(notes, count, budget_tokens).text


def settle(notes: Notes, count: Count, budget_tokens: int) -> Notes:
    """The notes with as many statements as the summary's budget holds; the gist goes only where none would
    fit.
    """
    limit = summary_budget(budget_tokens)
    ranked = sorted(range(len(notes.said)), key=lambda at: (bool(kinds(notes.said[at]) & IDENTITY), at), reverse=True)

    def attempt(base: Notes, wanted: int) -> Notes | None:
        tried = replace(base, said=tuple(notes.said[at] for at in sorted(ranked[:wanted])))
        return tried if recall_tokens(tried, count) <= limit else None

    for base in (notes, replace(notes, gist="")):
        settled = largest(0, len(ranked), partial(attempt, base))
        if settled is not None:
            return settled
    return Notes()


def gist_fits(gist: str, count: Count, budget_tokens: int) -> bool:
    """Whether a gist keeps to its share of the summary."""
    return recall_tokens(Notes(gist=gist), count) <= summary_budget(budget_tokens) * GIST_SHARE


def _with(said: tuple[str, ...], message: str) -> tuple[str, ...]:
    for line in statements_in(message):
        said = (*(old for old in said if not supersedes(line, old)), line)
    return said


def _topics(gist: str, left: Sequence[Exchange], count: Count, budget_tokens: int) -> str:
    """The latest questions, as a gist that cannot be wrong; empty if not even one fits."""
    earlier = gist.removeprefix(_ASKED).split(" / ") if gist else []
    topics = list(dict.fromkeys([*earlier, *(topic_of(exchange.user) for exchange in left)]))

    def attempt(wanted: int) -> str | None:
        line = _ASKED + " / ".join(topics[-wanted:])
        return line if gist_fits(line, count, budget_tokens) else None

    return largest(1, min(len(topics), _TOPICS), attempt) or ""
