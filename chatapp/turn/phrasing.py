"""The local model's wording of one fact, checked by the guards while it streams."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from chatapp.backends.base import Backend, ChatMessage, Request
from chatapp.errors import MessageError, ProviderError, detail_of
from chatapp.guards.confidence import LowConfidence
from chatapp.guards.degenerate import DegenerateGuard
from chatapp.guards.refusal import RefusalGuard
from chatapp.guards.support.support import SupportGuard
from chatapp.guards.verdict import OK, Verdict
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.store.models import Outcome, Purpose
from chatapp.turn.draft import Draft
from chatapp.turn.ledger import MeteredCall
from chatapp.turn.prompts import free_messages, local_beginnings, local_messages
from chatapp.turn.question import Question
from chatapp.turn.waiting import told_of_place, told_of_waits
from language import Language
from localmodel.prompt import REFUSAL
from router.pack.load import Pack
from router.types import FactVoice, ScoredFact

SILENT = Verdict(False, "", "The model said nothing.")
AGAIN_TEMPERATURE = 0.7
"""A second wording of the same fact is sampled: at temperature 0 it would be the first one again."""


class Wording(StrEnum):
    """What became of one fact: said, refused by the model because it does not answer, or given up by a guard."""

    SAID = "said"
    REFUSED = "refused"
    GIVEN_UP = "given up"


@dataclass(slots=True)
class _Watch:
    """The guards over one answer. `support` is None for a fact in free words: there is no text to check against."""

    support: SupportGuard | None
    loops: DegenerateGuard
    sure: LowConfidence
    refusal: RefusalGuard

    def feed(self, text: str, logprob: float | None) -> tuple[str, Outcome]:
        language, confidence = self.loops.feed(text), self.sure.feed(text, logprob)
        shown = self._supported(self.refusal.feed(text))
        return shown, self._outcome(language, confidence)

    def finish(self, said: bool) -> tuple[str, Outcome]:
        shown = self._supported(self.refusal.finish())
        shown += self.support.finish() if self.support else ""
        return shown, self._outcome(self.loops.finish(), OK if said or shown.strip() else SILENT)

    def _supported(self, text: str) -> str:
        return self.support.feed(text) if self.support else text

    def _outcome(self, language: Verdict, other: Verdict) -> Outcome:
        if not language.ok:
            return Outcome.DEGENERATE
        supported = self.support is None or self.support.verdict.ok
        return Outcome.OK if supported and other.ok else Outcome.UNSUPPORTED


@dataclass(frozen=True, slots=True)
class Asking:
    """A question, and who words the facts that answer it: the release that served when its turn began."""

    question: Question
    serving: Serving


class Worder:
    """Lets the local model word facts, each in a call of its own, because a model of this size mixes several up."""

    def __init__(self, settings: Settings, store: Store, pack: Pack, backend: Backend) -> None:
        self._settings, self._store, self._persona, self._backend = settings, store, pack.persona, backend
        self._language = pack.rules
        said = (*pack.facts, *(pack.safety.facts if pack.safety else ()))
        self._verbatim = frozenset(fact.id for fact in said if fact.voice is FactVoice.VERBATIM)
        self._free = frozenset(fact.id for fact in pack.facts if fact.voice is FactVoice.FREE)

    def unshown(self, fact: ScoredFact) -> bool:
        """Whether no source is shown under the answer: it is its own, or there is none."""
        return self._language is None or fact.id in self._verbatim | self._free

    async def word(self, asking: Asking, fact: ScoredFact, draft: Draft) -> Wording:
        """Add one fact to the draft: word for word, or in the small model's words as far as the guards let them.

        Always word for word where the pack's language has no rules: no guard could hold the model's words against it.
        """
        if self._language is None or fact.id in self._verbatim:
            draft.say(fact.text)
            return Wording.SAID
        try:
            return await self._worded(asking, fact, draft, self._language)
        except (ProviderError, MessageError) as error:  # the fact is at hand: an answer needs no model
            draft.trouble = detail_of(error)
            return Wording.GIVEN_UP

    async def _worded(self, asking: Asking, fact: ScoredFact, draft: Draft, language: Language) -> Wording:
        messages = self._messages(asking, fact)
        if await asyncio.to_thread(self._backend.count_tokens, messages) > self._settings.local_prompt_tokens:
            return Wording.GIVEN_UP

        def guards() -> _Watch:
            free = fact.id in self._free
            support = None if free else SupportGuard(fact.text, asking.question.text, language=language)
            return _Watch(support, DegenerateGuard(), LowConfidence(), RefusalGuard(REFUSAL))

        call = self._call(asking, fact, messages, draft)
        async with call, told_of_place(draft, call), told_of_waits(draft, call):
            await _watched(call, guards, draft)
        return {Outcome.OK: Wording.SAID, Outcome.REFUSED: Wording.REFUSED}.get(call.outcome, Wording.GIVEN_UP)

    def _messages(self, asking: Asking, fact: ScoredFact) -> tuple[ChatMessage, ...]:
        if fact.id in self._free:
            return free_messages(self._persona, asking.question.text)
        return local_messages(self._persona, fact.text, asking.question.text, asking.serving.form)

    def _alike(self, asking: Asking, fact: ScoredFact) -> tuple[tuple[ChatMessage, ...], ...]:
        if fact.id in self._free:
            return (free_messages(self._persona, ""),)
        return local_beginnings(self._persona, fact.text, asking.serving.form)

    def _call(self, asking: Asking, fact: ScoredFact, messages: tuple[ChatMessage, ...], draft: Draft) -> MeteredCall:
        question, settings = asking.question, self._settings
        request = Request(
            messages,
            settings.local_max_tokens,
            AGAIN_TEMPERATURE if question.again else settings.local_temperature,
            settings.local_seed + (question.turn_id if question.again else 0),
            asking.serving.adapter,
            "" if fact.id in self._free else fact.text,
            self._alike(asking, fact),
            draft.attended,
        )
        return MeteredCall(
            self._store,
            self._backend,
            request,
            turn_id=question.turn_id,
            conversation_id=question.conversation_id,
            purpose=Purpose.ANSWER,
            spent=draft.spend,
        )


async def _watched(call: MeteredCall, guards: Callable[[], _Watch], draft: Draft) -> None:
    """Say what the guards let through, and end the call at the first word that one of them does not. What is withdrawn
    was no answer, and the guards begin anew.
    """
    before, watch = len(draft.text), guards()
    async for token in call:
        if token.replaces:
            watch = guards()
            draft.say(draft.text[:before], replace=True)
        shown, call.outcome = watch.feed(token.text, token.logprob)
        draft.say(shown)
        if call.outcome is not Outcome.OK:
            return
    shown, call.outcome = watch.finish(bool(draft.text[before:].strip()))
    draft.say(shown)
    if watch.refusal.refused:
        call.outcome = Outcome.REFUSED
