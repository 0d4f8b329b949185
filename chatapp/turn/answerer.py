"""Who answers, and how: by the small model from an approved fact, by the cloud model, or honestly not at all."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chatapp.backends.base import Backend, ChatMessage, Request, Stage
from chatapp.context import Exchange, Fitted, fit, recall, remind
from chatapp.context.prune import Build
from chatapp.errors import ProviderError, ProviderFaultError, detail_of
from chatapp.guards.figures import unbacked_figures
from chatapp.guards.loops import LoopGuard
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.store.models import Outcome, Purpose
from chatapp.turn.events import Escalated, Source
from chatapp.turn.ledger import MeteredCall
from chatapp.turn.phrasing import Worder, Wording
from chatapp.turn.prompts import cloud_messages
from chatapp.turn.waiting import told_of_waits
from language import Language
from router.pack.load import Pack
from router.types import Decision, Mode, Reason, ReasonCode, Route, ScoredFact, least_sure

if TYPE_CHECKING:
    from chatapp.turn.live import LiveTurn

UNSURE_FACT = 0.4
"""Below this probability the reader is told that the fact may not be the one that was asked for; and where the small
model cannot word it either, the cloud is asked."""

HELPFUL_FACT = 0.15
"""From this probability on a fact is shown to the cloud model; a less likely one would only lead it astray."""

OFFERED_FACT = 0.15
"""From this probability on the nearest fact is offered to the reader where nobody answered."""

NEXT_FACT = 0.05
"""From this probability on a fact is tried where the model has refused a likelier one."""


MOST_NAMED = 4
"""So many figures that nothing approved bears out are named under an answer."""

ENDED_EARLY = {
    Stage.LENGTH: "This answer reached its longest length and may stop in the middle. Ask for the rest if you need it.",
    Stage.FILTERED: "The outside AI service ended this answer early, by its own rules on content.",
    Stage.UNCERTAIN: "This answer may be incomplete.",
}
"""What is said under a cloud answer that may not be all of it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the turn ends with. `status` is done, stopped or abstained."""

    status: str
    text: str
    route: Route
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class ToFold:
    """History that the summary shall stand for, once the answer is out."""

    backend: Backend
    summary: str
    left: tuple[Exchange, ...]
    budget_tokens: int


class Answerer:
    """Gives the answer of a turn, streaming it through the `LiveTurn` as it comes."""

    def __init__(self, settings: Settings, store: Store, pack: Pack, backends: Mapping[Route, Backend]) -> None:
        self._settings, self._store, self._pack, self._backends = settings, store, pack, backends
        self._worder = Worder(settings, store, pack, backends[Route.LOCAL])

    async def reply(self, live: "LiveTurn", decision: Decision) -> Answer:
        """The whole answer. Raises a ProviderError where a model failed and nothing approved stands in for it."""
        match decision.route:
            case Route.LOCAL:
                return await self._local(live, decision)
            case Route.CLOUD:
                return await self._cloud(live, decision)
            case Route.ABSTAIN:
                return self._abstain(live, decision)

    def stopped(self, live: "LiveTurn") -> Answer:
        """What is kept of a turn that was stopped: the words that had been shown."""
        route = live.decision.route if live.decision else Route.ABSTAIN
        rests = live.decision.facts if live.decision and route is Route.LOCAL and live.answer.strip() else ()
        return Answer("stopped", live.answer.rstrip(), route, self._shown_below(rests))

    def nearest(self, live: "LiveTurn") -> tuple[Source, ...]:
        """The approved text nearest to a message that nobody answered, to be offered and not to be taken for an answer.

        None where the local model has read the likely ones and found that they do not answer.
        """
        decision = live.decision
        if decision is None or any(reason.code is ReasonCode.REFUSED for reason in decision.reasons):
            return ()
        near = [fact for fact in decision.candidates if fact.probability >= OFFERED_FACT]
        return _sources([fact for fact in near if not self._worder.unshown(fact)][:1])

    async def _local(self, live: "LiveTurn", decision: Decision) -> Answer:
        if decision.asked == 1:
            return await self._one(live, decision)
        unsure, given_up = least_sure(decision.facts, decision.asked) < UNSURE_FACT, 0
        asked = decision.facts[: decision.asked]
        for fact in asked:
            live.say("\n\n" if live.answer else "")
            said = live.answer
            if await self._worder.word(live, fact) is Wording.SAID:
                continue
            if unsure and (answer := await self._stronger(live, decision)):
                return answer
            live.say(said + fact.text, replace=True)
            given_up += 1
        return self._done(live, decision, given_up, unsure)

    async def _one(self, live: "LiveTurn", decision: Decision) -> Answer:
        """One question: the first of the likely facts that the model does not refuse.

        A model that was fine-tuned for it reads the fact with the question in mind, which the router cannot; so where
        it says that the best does not answer, the next ones are tried, and where none does, nobody here answers.
        """
        for fact in (decision.facts[0], *_next(decision)):
            wording = await self._worder.word(live, fact)
            if wording is Wording.REFUSED:
                continue
            unsure = fact.probability < UNSURE_FACT
            if wording is Wording.GIVEN_UP:
                if unsure and (answer := await self._stronger(live, decision)):
                    return answer
                live.say(fact.text, replace=True)
            if fact is not decision.facts[0]:
                live.decision = decision = replace(decision, facts=(fact,))
            return self._done(live, decision, int(wording is Wording.GIVEN_UP), unsure)
        return await self._refused(live, decision)

    def _done(self, live: "LiveTurn", decision: Decision, given_up: int, unsure: bool) -> Answer:
        if given_up:
            what = "This" if given_up == decision.asked else "Part of this"
            live.notice("approved_wording", f"{what} is the approved wording, word for word.")
        if unsure:
            live.notice("unsure", "This is the closest approved answer; it may not be quite what you asked.")
        return Answer("done", live.answer, Route.LOCAL, self._shown_below(decision.facts))

    def _shown_below(self, facts: Sequence[ScoredFact]) -> tuple[Source, ...]:
        """The sources to show; what is said word for word is its own."""
        return _sources([fact for fact in facts if not self._worder.unshown(fact)])

    async def _stronger(self, live: "LiveTurn", decision: Decision) -> Answer | None:
        """The cloud model's answer where the local one was neither sure nor borne out; None where there is none."""
        if Route.CLOUD not in self._backends:
            return None
        reason = "The local answer was not sure enough, so the cloud model was asked."
        try:
            return await self._escalate(live, decision, reason)
        except ProviderError as error:  # the approved answer is at hand, and better than none
            live.decision = decision
            asked = decision.facts[: decision.asked]
            live.say("\n\n".join(fact.text for fact in asked), replace=True)
            live.notice("cloud_failed", "The cloud model was asked too, and did not answer.", detail_of(error))
            return self._done(live, decision, len(asked), unsure=True)

    async def _refused(self, live: "LiveTurn", decision: Decision) -> Answer:
        """None of the likely facts answers, says the model that read them."""
        reason = Reason(ReasonCode.REFUSED, "The local model found no answer in the approved text.")
        decision = replace(decision, facts=(), reasons=(*decision.reasons, reason))
        if Route.CLOUD in self._backends:
            return await self._escalate(live, decision, f"{reason.text} So the cloud model was asked.")
        live.decision = decision = replace(decision, route=Route.ABSTAIN)
        return self._abstain(live, decision)

    async def _escalate(self, live: "LiveTurn", decision: Decision, reason: str) -> Answer:
        live.say("", replace=True)
        live.notices.append({"code": "escalated", "text": reason})
        live.emit(Escalated(live.turn.id, live.turn.conversation_id, reason))
        live.decision = replace(decision, route=Route.CLOUD, facts=())
        return await self._cloud(live, decision)

    async def _cloud(self, live: "LiveTurn", decision: Decision) -> Answer:
        backend, facts = (
            self._backends[Route.CLOUD],
            [f.text for f in decision.candidates if f.probability >= HELPFUL_FACT],
        )

        def build(summary: str, kept: Sequence[Exchange]) -> tuple[ChatMessage, ...]:
            history = _history(summary, kept, live.user_text, self._pack.rules)
            return cloud_messages(self._pack.persona, history, facts, live.user_text)

        fitted = await self._fit(live, backend, build, self._settings.cloud_prompt_tokens)
        request = Request(
            fitted.messages, self._settings.cloud_max_tokens, self._settings.cloud_temperature, live.turn.id
        )
        loops = LoopGuard()
        async with self._metered(live, backend, request) as call, told_of_waits(live, call):
            async for token in call:
                live.say(token.text, replace=token.replaces)
                loops = LoopGuard() if token.replaces else loops
                if not loops.feed(token.text).ok:
                    call.outcome = Outcome.DEGENERATE
                    live.say(live.answer[: loops.kept].rstrip(), replace=True)
                    raise ProviderFaultError("The cloud model began to repeat itself.", "Try again.")
        if call.stage in ENDED_EARLY:
            live.notice("incomplete", ENDED_EARLY[call.stage])
        known = [self._pack.contact, *(message.content for message in fitted.messages)]
        if strange := unbacked_figures(live.answer, known, self._pack.rules):
            live.notice("unbacked", unbacked_words(strange))
        return Answer("done", live.answer.strip(), Route.CLOUD)

    def _abstain(self, live: "LiveTurn", decision: Decision) -> Answer:
        live.say(abstention(decision.mode, self._pack.contact))
        return Answer("abstained", live.answer, Route.ABSTAIN, self.nearest(live))

    async def _fit(self, live: "LiveTurn", backend: Backend, build: Build, budget_tokens: int) -> Fitted:
        conversation_id = live.turn.conversation_id
        summary, past = await asyncio.to_thread(self._store.exchanges.memory, conversation_id, live.turn.id)
        exchanges = [Exchange(*one) for one in past]
        fitted = await asyncio.to_thread(
            fit, build, summary, exchanges, backend.count_tokens, budget_tokens, self._pack.rules
        )
        if fitted.left:
            live.to_fold = ToFold(backend, summary, fitted.left, budget_tokens)
        return fitted

    def _metered(self, live: "LiveTurn", backend: Backend, request: Request) -> MeteredCall:
        return MeteredCall(
            self._store,
            backend,
            request,
            turn=live.turn,
            purpose=Purpose.ANSWER,
            spent=live.spend,
        )


def unbacked_words(figures: Sequence[str]) -> str:
    """What is said under an answer with figures that are not ours."""
    named = ", ".join(figures[:MOST_NAMED]) + (", and others" if len(figures) > MOST_NAMED else "")
    return f"Not from our approved information: {named}. Please check with us before you rely on it."


def abstention(mode: Mode, contact: str) -> str:
    """What is said when nobody here may or can answer, and the way to a person."""
    if mode is Mode.LOCAL_ONLY:
        why = "I can't answer that here: I answer from our own approved information only."
    else:
        why = "I can't answer that one myself."
    return f"{why} A person can help: {contact}"


def _history(
    summary: str, kept: Sequence[Exchange], message: str, language: Language | None
) -> tuple[ChatMessage, ...]:
    """The summary as exchanges, the exchanges themselves, and the name again where the message asks for it."""
    said = [pair for one in kept for pair in (ChatMessage("user", one.user), ChatMessage("assistant", one.assistant))]
    return (*recall(summary), *said, *remind(summary, kept, message, language))


def _sources(facts: Sequence[ScoredFact]) -> tuple[Source, ...]:
    return tuple(Source(fact.id, fact.text, fact.probability) for fact in facts)


def _next(decision: Decision) -> tuple[ScoredFact, ...]:
    """The facts to try when the best is refused."""
    return tuple(fact for fact in decision.candidates[1:] if fact.probability >= NEXT_FACT)
