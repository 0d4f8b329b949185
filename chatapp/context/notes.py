"""The running summary: what the customer said, word for word, and a gist of what was talked about.

As text it is three kinds of lines, each with its mark, so that it can be stored, read by people, and parsed
again: `Name: `, `- ` for a statement of the customer, `Gist: `.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from chatapp.backends.base import ChatMessage
from chatapp.context.budget import GIST_SHARE, Count, Exchange, largest, summary_budget
from chatapp.context.statements import IDENTITY, corrects, kinds, name_in, statements_in, supersedes, topic_of

_NAME, _SAID, _GIST = "Name: ", "- ", "Gist: "
_ASKED = "You asked: "
_TOPICS = 6
_SYSTEM = ChatMessage("system", "-")
_ASKS_NAME = re.compile(
    r"(?i)\b(?:what|what's|remember|recall|know|tell|say|forget|forgot|forgotten)\b[^.?!]*\bmy name\b"
    r"|\bwho (?:am I|I am)\b|\bwhat am I called\b"
)


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
    gist = _pair("What did we talk about before?", notes.gist) if notes.gist else ()
    said = _pair("\n".join(notes.said), "Thank you, I will remember that.") if notes.said else ()
    name = _pair(f"My name is {notes.name}.", f"Your name is {notes.name}.") if notes.name else ()
    return gist + said + name


def remind(summary: str, kept: Sequence[Exchange], message: str) -> tuple[ChatMessage, ...]:
    """The customer's name once more, to stand right before a message that asks for it; else nothing.

    For small models, which do not find a name at the beginning of a long prompt. The warm prefix is not touched.
    """
    if name_in(message) or not _ASKS_NAME.search(message.replace("’", "'")):
        return ()
    said = (name_in(exchange.user) for exchange in reversed(kept))
    name = next(filter(None, said), "") or Notes.parse(summary).name
    return _pair(f"My name is {name}.", f"Your name is {name}.") if name else ()


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


def _pair(user: str, assistant: str) -> tuple[ChatMessage, ...]:
    return ChatMessage("user", user), ChatMessage("assistant", assistant)


def _with(said: tuple[str, ...], message: str) -> tuple[str, ...]:
    for line in statements_in(message):
        said = tuple(old for old in said if not supersedes(line, old))
        wrong = next((at for at in reversed(range(len(said))) if corrects(line, said[at])), None)
        said = (*(old for at, old in enumerate(said) if at != wrong), line)
    return said


def _topics(gist: str, left: Sequence[Exchange], count: Count, budget_tokens: int) -> str:
    """The latest questions, as a gist that cannot be wrong; empty if not even one fits."""
    earlier = gist.removeprefix(_ASKED).split(" / ") if gist else []
    topics = list(dict.fromkeys([*earlier, *(topic_of(exchange.user) for exchange in left)]))

    def attempt(wanted: int) -> str | None:
        line = _ASKED + " / ".join(topics[-wanted:])
        return line if gist_fits(line, count, budget_tokens) else None

    return largest(1, min(len(topics), _TOPICS), attempt) or ""
