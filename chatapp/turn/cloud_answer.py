"""The cloud model's answer, checked for loops while it streams and for invented figures at its end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from chatapp.backends.base import Backend, ChatMessage, Request, Stage
from chatapp.context import Exchange, fit, recall, remind
from chatapp.errors import ProviderFaultError
from chatapp.guards.figures import unbacked_figures
from chatapp.guards.loops import LoopGuard
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.store.models import Outcome, Purpose
from chatapp.store.notices import NoticeCode
from chatapp.turn.answer import ToFold
from chatapp.turn.draft import Draft
from chatapp.turn.ledger import MeteredCall
from chatapp.turn.prompts import cloud_messages
from chatapp.turn.question import Question
from chatapp.turn.waiting import told_of_waits
from language import Language
from router.pack.load import Pack

MOST_NAMED = 4
"""At most this many unbacked figures are named under an answer."""

ENDED_EARLY = {
    Stage.LENGTH: "This answer reached its longest length and may stop in the middle. Ask for the rest if you need it.",
    Stage.FILTERED: "The outside AI service ended this answer early, by its own rules on content.",
    Stage.UNCERTAIN: "This answer may be incomplete.",
}
"""What is said under a cloud answer that may not be all of it."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the cloud model is sent, and the history that no longer belongs in a prompt."""

    messages: tuple[ChatMessage, ...]
    to_fold: ToFold | None


class CloudModel:
    """Answers from the conversation and the nearest approved texts."""

    def __init__(self, settings: Settings, store: Store, pack: Pack, backend: Backend) -> None:
        self._settings, self._store, self._pack, self._backend = settings, store, pack, backend

    async def prompt(self, question: Question, texts: Sequence[str]) -> Prompt:
        """The question with what was said before and these approved texts, within the prompt's budget.

        Raises MessageError where the question alone is too long, and DatabaseError.
        """

        language = self._pack.rules

        def build(summary: str, kept: Sequence[Exchange]) -> tuple[ChatMessage, ...]:
            history = _history(summary, kept, question.text, language)
            return cloud_messages(self._pack.persona, history, texts, question.text)

        budget, count = self._settings.cloud_prompt_tokens, self._backend.count_tokens
        memory = self._store.exchanges.memory
        summary, past = await asyncio.to_thread(memory, question.conversation_id, question.turn_id)
        exchanges = [Exchange(*one) for one in past]
        fitted = await asyncio.to_thread(fit, build, summary, exchanges, count, budget, language)
        to_fold = ToFold(self._backend, summary, fitted.left, budget, language) if fitted.left else None
        return Prompt(fitted.messages, to_fold)

    async def answer(self, question: Question, messages: tuple[ChatMessage, ...], draft: Draft) -> None:
        """Stream the answer into the draft, and note under it what the reader should know.

        An answer that loops is taken back to its first round. Raises ProviderError, and DatabaseError.
        """
        call = self._call(question, messages, draft)
        async with call, told_of_waits(draft, call):
            await _watched(call, draft)
        if call.stage in ENDED_EARLY:
            draft.note(NoticeCode.INCOMPLETE, ENDED_EARLY[call.stage])
        known = [self._pack.contact, *(message.content for message in messages)]
        if strange := unbacked_figures(draft.text, known, self._pack.rules):
            draft.note(NoticeCode.UNBACKED, unbacked_words(strange))

    def _call(self, question: Question, messages: tuple[ChatMessage, ...], draft: Draft) -> MeteredCall:
        settings = self._settings
        request = Request(messages, settings.cloud_max_tokens, settings.cloud_temperature, question.turn_id)
        return MeteredCall(
            self._store,
            self._backend,
            request,
            turn_id=question.turn_id,
            conversation_id=question.conversation_id,
            purpose=Purpose.ANSWER,
            spent=draft.spend,
        )


async def _watched(call: MeteredCall, draft: Draft) -> None:
    loops = LoopGuard()
    async for token in call:
        draft.say(token.text, replace=token.replaces)
        loops = LoopGuard() if token.replaces else loops
        if not loops.feed(token.text).ok:
            call.outcome = Outcome.DEGENERATE
            draft.say(draft.text[: loops.kept].rstrip(), replace=True)
            raise ProviderFaultError("The cloud model began to repeat itself.", "Try again.")


def unbacked_words(figures: Sequence[str]) -> str:
    """What is said under an answer with figures that are not ours."""
    named = ", ".join(figures[:MOST_NAMED]) + (", and others" if len(figures) > MOST_NAMED else "")
    return f"Not from our approved information: {named}. Please check with us before you rely on it."


def _history(
    summary: str, kept: Sequence[Exchange], message: str, language: Language | None
) -> tuple[ChatMessage, ...]:
    """The summary as exchanges, the exchanges themselves, and the name again where the message asks for it."""
    said = [pair for one in kept for pair in (ChatMessage("user", one.user), ChatMessage("assistant", one.assistant))]
    return (*recall(summary), *said, *remind(summary, kept, message, language))
