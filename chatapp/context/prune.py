"""Fitting a conversation into a route's prompt budget."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from chatapp.backends.base import ChatMessage
from chatapp.context.budget import FOLD_ABOVE, FOLD_TO, Count, Exchange, largest, shorten
from chatapp.context.notes import remember
from chatapp.errors import MessageError
from language import Language

Build = Callable[[str, Sequence[Exchange]], Sequence[ChatMessage]]
"""Makes the prompt of a summary and a history, always the same of the same: the system prompt, `recall(summary)`,
the history, `remind(summary, history, message, language)` where the model is small, the new message.
"""

_SHORTEST_CHARS = 80


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits.

    `kept` are the exchanges in it and `summary` the summary in it. `left` are the oldest exchanges, for which
    the summary shall stand from the next turn on (`summarize`); those just above the mark are still in this
    prompt.
    """

    messages: tuple[ChatMessage, ...]
    prompt_tokens: int
    summary: str
    kept: tuple[Exchange, ...]
    left: tuple[Exchange, ...] = ()


def fit(
    build: Build,
    summary: str,
    exchanges: Sequence[Exchange],
    count: Count,
    budget_tokens: int,
    language: Language | None,
    keep_latest: int = 2,
) -> Fitted:
    """The prompt of a summary and the exchanges after it (oldest first), within `budget_tokens`.

    Invariants:
    - `prompt_tokens` is `count(messages)` and at most `budget_tokens`; the system prompt and the new message
      are whole.
    - `kept` are the latest exchanges, in their order, each whole. Only where the latest `keep_latest` do not
      fit are the longest of their messages shortened in the middle, with a visible mark; then they leave too,
      then the summary.
    - No exchange is lost: it is in `kept` or in `left`, and what leaves this prompt is remembered in its
      summary by rule.
    - While all fits, the summary and the history are `build`'s own of the arguments: between folds the prompt
      of one turn begins as that of the turn before, which is what an engine's warm prefix needs.
    - `left` is empty up to FOLD_ABOVE of the budget; above it, what brings the prompt down to FOLD_TO (the
      latest `keep_latest` stay), so that folds are rare. Fitting what was fitted gives the same prompt.
    - It counts O(log n) prompts for n exchanges, one if there is nothing to fold.

    Raises MessageError if the system prompt and the new message alone exceed the budget.
    """
    fitting = _Fitting(build, summary, tuple(exchanges), count, budget_tokens, language)
    fitted = fitting.whole(keep_latest) or fitting.shortened(keep_latest) or fitting.bare()
    if fitted is None:
        raise _too_long(build("", ()), count, budget_tokens)
    return replace(fitted, left=fitting.to_fold(fitted, keep_latest))


@dataclass(frozen=True, slots=True)
class _Fitting:
    build: Build
    summary: str
    exchanges: tuple[Exchange, ...]
    count: Count
    budget_tokens: int
    language: Language | None

    def whole(self, keep_latest: int) -> Fitted | None:
        """As many of the latest exchanges as fit, but `keep_latest` at least."""
        everything = len(self.exchanges)
        return largest(min(keep_latest, everything), everything, lambda kept: self._with(self._latest(kept)))

    def shortened(self, keep_latest: int) -> Fitted | None:
        """The latest exchanges with the longest messages shortened as little as will do."""
        for wanted in range(min(keep_latest, len(self.exchanges)), 0, -1):
            latest = self._latest(wanted)
            longest = max(len(text) for each in latest for text in (each.user, each.assistant))
            high = max(longest, _SHORTEST_CHARS)
            fitted = largest(_SHORTEST_CHARS, high, partial(self._cut_to, latest))
            if fitted is not None:
                return fitted
        return None

    def bare(self) -> Fitted | None:
        """No history; if need be no summary."""
        return self._with(()) or self._checked("", ())

    def to_fold(self, fitted: Fitted, keep_latest: int) -> tuple[Exchange, ...]:
        """The oldest exchanges: those that are not in the prompt, and above the mark those down to the lower
        one.
        """
        everything, kept = len(self.exchanges), len(fitted.kept)
        if kept == everything and fitted.prompt_tokens <= FOLD_ABOVE * self.budget_tokens:
            return ()
        lower = int(FOLD_TO * self.budget_tokens)
        stay = largest(min(keep_latest, kept), kept, lambda wanted: wanted if self._tokens(wanted) <= lower else None)
        return self.exchanges[: everything - (min(keep_latest, kept) if stay is None else stay)]

    def _latest(self, wanted: int) -> tuple[Exchange, ...]:
        return self.exchanges[len(self.exchanges) - wanted :]

    def _tokens(self, wanted: int) -> int:
        return self.count(self.build(self._summary_for(wanted), self._latest(wanted)))

    def _summary_for(self, kept: int) -> str:
        gone = self.exchanges[: len(self.exchanges) - kept]
        return self._remembered(gone) if gone else self.summary

    def _remembered(self, gone: tuple[Exchange, ...]) -> str:
        return remember(self.summary, gone, self.count, self.budget_tokens, self.language)

    def _with(self, kept: tuple[Exchange, ...]) -> Fitted | None:
        return self._checked(self._summary_for(len(kept)), kept)

    def _cut_to(self, latest: tuple[Exchange, ...], chars: int) -> Fitted | None:
        cut = (replace(e, user=shorten(e.user, chars), assistant=shorten(e.assistant, chars)) for e in latest)
        return self._checked(self._summary_for(len(latest)), tuple(cut))

    def _checked(self, summary: str, kept: tuple[Exchange, ...]) -> Fitted | None:
        messages = tuple(self.build(summary, kept))
        tokens = self.count(messages)
        return Fitted(messages, tokens, summary, kept) if tokens <= self.budget_tokens else None


def _too_long(messages: Sequence[ChatMessage], count: Count, budget_tokens: int) -> MessageError:
    """How many characters too many, a tenth to be safe included, by the tokens that this message takes for its own."""
    tokens, fixed = count(messages), count(messages[:-1])
    over, chars = tokens - budget_tokens, len(messages[-1].content)
    too_many = min(chars, math.ceil(1.1 * chars * over / max(1, tokens - fixed)))
    return MessageError(
        f"This message is too long for the model: with its instructions it makes {tokens:,} tokens, "
        f"where {budget_tokens:,} fit.",
        f"Make it about {too_many:,} characters shorter, or send it in parts.",
    )
