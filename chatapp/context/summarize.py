"""The running summary, brought up to date when exchanges leave the history."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chatapp.backends.base import ChatMessage, Request
from chatapp.context.budget import GIST_SHARE, Count, Exchange, largest, shorten, summary_budget
from chatapp.context.notes import Notes, gist_fits, remember, settle
from chatapp.errors import ProviderError
from language import Language
from language.protocol import NumberWords

Ask = Callable[[Request], Awaitable[str]]
"""One call of the route's model, whole answer; the caller books it. Raises a ProviderError and nothing else.
"""

_SYSTEM = "You say in one short sentence what a customer and a help desk talked about."
_TASK = "In one short sentence: what did the customer and the help desk talk about?"
_EXCERPT_CHARS = 240


class Gist(StrEnum):
    """What became of the model's gist."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FAILED = "failed"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary of everything up to `through_turn_id`; `reason` says why the model's gist is not in it."""

    text: str
    through_turn_id: int
    gist: Gist
    reason: str = ""


async def summarize(
    ask: Ask,
    count: Count,
    summary: str,
    left: Sequence[Exchange],
    budget_tokens: int,
    language: Language | None,
    timeout_s: float = 20.0,
) -> Summary:
    """The summary with `left` (not empty, oldest first) taken in; `budget_tokens` is that of the route's
    prompts.

    What the customer said is taken in by rule and does not depend on the model (`remember`). The model's gist
    comes in only if it passes `unfit`, and is not asked for where the language has no rules to hold it against;
    else, or if the model fails or takes longer than `timeout_s`, the gist stays as it was, or is the list of the
    latest questions. Invariants: never more than `summary_budget` tokens; the customer's name stays, whatever the
    model does, where the budget holds it at all; no ProviderError escapes.
    """
    taken_in = remember(summary, left, count, budget_tokens, language)
    through = left[-1].turn_id
    if language is None:
        return Summary(taken_in, through, Gist.UNASKED, "no rules for the language")
    try:
        async with asyncio.timeout(timeout_s):
            gist = _one_line(await ask(gist_request(summary, left, count, budget_tokens)))
    except (ProviderError, TimeoutError) as error:
        return Summary(taken_in, through, Gist.FAILED, str(error) or f"no gist within {timeout_s:g} s")
    reason = unfit(gist, summary, left, language)
    if not reason and not gist_fits(gist, count, budget_tokens):
        reason = "longer than its budget"
    if reason:
        return Summary(taken_in, through, Gist.REJECTED, reason)
    notes = settle(replace(Notes.parse(taken_in), gist=gist), count, budget_tokens, language)
    return Summary(notes.text, through, Gist.ACCEPTED)


def gist_request(summary: str, left: Sequence[Exchange], count: Count, budget_tokens: int) -> Request:
    """What the model is asked: the gist so far and excerpts of as many of the latest of `left` as the budget
    holds.
    """
    earlier = Notes.parse(summary).gist

    def attempt(wanted: int) -> tuple[ChatMessage, ...] | None:
        lines = [f"Before: {earlier}"] if earlier else []
        for each in left[len(left) - wanted :]:
            lines.append(f"Customer: {shorten(_one_line(each.user), _EXCERPT_CHARS)}")
            lines.append(f"Help desk: {shorten(_one_line(each.assistant), _EXCERPT_CHARS)}")
        messages = (ChatMessage("system", _SYSTEM), ChatMessage("user", "\n".join([*lines, "", _TASK])))
        return messages if wanted == 0 or count(messages) <= budget_tokens else None

    messages = largest(0, len(left), attempt)
    assert messages is not None, "0 exchanges are always taken"
    return Request(messages, max_tokens=max(16, int(summary_budget(budget_tokens) * GIST_SHARE)))


def unfit(gist: str, summary: str, left: Sequence[Exchange], language: Language) -> str:
    """Why a gist cannot be trusted, empty if it can: each number and name in it must be in what it is a gist
    of.
    """
    words = re.findall(r"[^\W\d_]+", gist.casefold())
    if len(words) < 3:
        return "hardly a word"
    if not gist.endswith((".", "!", '."', ".'")):
        return "not a whole sentence"
    if len(words) - len(set(zip(words, words[1:], words[2:], strict=False))) > 4:
        return "repeats itself"
    folded = " ".join([summary, *(f"{each.user} {each.assistant}" for each in left)])
    invented = _checkable(gist, language.numbers) - _tokens(folded)
    if invented:
        return f"not in the conversation: {', '.join(sorted(invented))}"
    about = _beginnings(gist) - _beginnings(" ".join(language.talk))
    strange = about - _beginnings(folded)
    return f"about something else: {', '.join(sorted(strange))}" if len(strange) > max(1, len(about) / 4) else ""


def _checkable(gist: str, numbers: NumberWords) -> set[str]:
    """Numbers, number words, and capitalised words that do not begin a sentence."""
    figures = set(re.findall(r"\d+", gist))
    names = set(re.findall(r"(?<![.!?] )(?<!^)\b[^\W\d_a-z]\w*", gist))
    words = numbers.spoken.intersection(_tokens(gist))
    return {word.casefold() for word in figures | names | words}


def _beginnings(text: str) -> set[str]:
    """The first five letters of words of four and more.

    Coarser than a stem: `delivery` and `delivered` are one here, for a gist may put things in its own words.
    """
    return {word[:5] for word in re.findall(r"[^\W\d_]{4,}", text.casefold())}


def _tokens(text: str) -> set[str]:
    return set(re.findall(r"\d+|[^\W\d_]+|\w+", text.casefold()))


def _one_line(text: str) -> str:
    return " ".join(text.split())
