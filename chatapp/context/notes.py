"""The running summary: what the customer said, word for word, and a gist of what was talked about.

As text it is three kinds of lines, each with its mark, so that it can be stored, read by people, and parsed
again: `Name: `, `- ` for a statement of the customer, `Gist: `.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from chatapp.backends.base import ChatMessage
from chatapp.context.budget import GIST_SHARE, Count, Exchange, largest, summary_budget
from chatapp.context.statements import IDENTITY, corrects, kinds, name_in, statements_in, supersedes, topic_of
from language import Language

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
    gist = _pair("What did we talk about before?", notes.gist) if notes.gist else ()
    said = _pair("\n".join(notes.said), "Thank you, I will remember that.") if notes.said else ()
    name = _pair(f"My name is {notes.name}.", f"Your name is {notes.name}.") if notes.name else ()
    return gist + said + name


def remind(summary: str, kept: Sequence[Exchange], message: str, language: Language | None) -> tuple[ChatMessage, ...]:
    """The customer's name once more, to stand right before a message that asks for it; else nothing.

    For small models, which do not find a name at the beginning of a long prompt. The warm prefix is not touched.
    Nothing where the language has no rules: then no name is known either.
    """
    asks = language and language.statements.asks_name.search(message.replace("’", "'"))
    if not asks or name_in(message, language):
        return ()
    said = (name_in(exchange.user, language) for exchange in reversed(kept))
    name = next(filter(None, said), "") or Notes.parse(summary).name
    return _pair(f"My name is {name}.", f"Your name is {name}.") if name else ()


def recall_tokens(notes: Notes, count: Count) -> int:
    """Tokens that the notes add to a prompt."""
    return count((_SYSTEM, *recall(notes.text))) - count((_SYSTEM,))


def remember(
    summary: str, left: Sequence[Exchange], count: Count, budget_tokens: int, language: Language | None
) -> str:
    """The summary with the exchanges that leave the history taken in, by rule alone.

    Invariants: it adds at most `summary_budget(budget_tokens)` tokens to a prompt; statements are verbatim,
    each once, the newest of its kind; when the budget is full the gist's share is kept and statements leave,
    the oldest first, what identifies the customer after all others, the name last. Taking the same exchanges
    in again changes nothing but the order of the statements.
    """
    notes = Notes.parse(summary)
    for exchange in left:
        name = name_in(exchange.user, language) or notes.name
        notes = replace(notes, name=name, said=_with(notes.said, exchange.user, language))
    if not notes.gist or notes.gist.startswith(_ASKED):
        notes = replace(notes, gist=_topics(notes.gist, left, count, budget_tokens))
    return settle(notes, count, budget_tokens, language).text


def settle(notes: Notes, count: Count, budget_tokens: int, language: Language | None) -> Notes:
    """The notes with as many statements as the summary's budget holds; the gist goes only where none would
    fit.
    """
    limit = summary_budget(budget_tokens)
    identity = [bool(kinds(line, language) & IDENTITY) for line in notes.said]
    ranked = sorted(range(len(notes.said)), key=lambda at: (identity[at], at), reverse=True)

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


def _with(said: tuple[str, ...], message: str, language: Language | None) -> tuple[str, ...]:
    for line in statements_in(message, language):
        said = tuple(old for old in said if not supersedes(line, old, language))
        wrong = next((at for at in reversed(range(len(said))) if corrects(line, said[at], language)), None)
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
