"""Who answers, and how: by the small model from an approved fact, by the cloud model, or honestly not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chatapp.backends.base import Backend
from chatapp.errors import ProviderError, detail_of
from chatapp.serving import Serving
from chatapp.settings import Settings
from chatapp.store import Store
from chatapp.store.models import TurnStatus
from chatapp.store.notices import NoticeCode
from chatapp.turn.answer import Answer, ToFold
from chatapp.turn.cloud_answer import CloudModel
from chatapp.turn.draft import Draft, Speaker
from chatapp.turn.events import Source
from chatapp.turn.phrasing import Asking, Worder, Wording
from chatapp.turn.question import Question
from router.pack.load import Pack
from router.types import SAFETY, Decision, Mode, Reason, ReasonCode, Route, ScoredFact, least_sure

UNSURE_FACT = 0.4
"""Below this probability the reader is told that the fact may not be the one that was asked for; and where the small
model cannot word it either, the cloud is asked."""

HELPFUL_FACT = 0.15
"""From this probability on a fact is shown to the cloud model; a less likely one would only lead it astray."""

OFFERED_FACT = 0.15
"""From this probability on the nearest fact is offered to the reader where nobody answered."""

NEXT_FACT = 0.05
"""From this probability on a fact is tried where the model has refused a likelier one."""

ASKING = "I am not sure which of these you mean. Choose one, or say it in other words."
"""What is said above the options where it is asked back."""

ALL_REFUSED = Reason(ReasonCode.REFUSED, "The local model found no answer in the approved text.")


@dataclass(frozen=True, slots=True)
class _Models:
    """Who can answer here; `cloud` is None where none is connected, and `contact` the way to a person."""

    local: Worder
    cloud: CloudModel | None
    contact: str


class Answerer:
    """Answers the questions of all turns."""

    def __init__(self, settings: Settings, store: Store, pack: Pack, backends: Mapping[Route, Backend]) -> None:
        cloud = backends.get(Route.CLOUD)
        self._models = _Models(
            Worder(settings, store, pack, backends[Route.LOCAL]),
            CloudModel(settings, store, pack, cloud) if cloud else None,
            pack.contact,
        )

    def begin(self, question: Question, decision: Decision, serving: Serving, speaker: Speaker) -> "Answering":
        """The answer to one question, not yet begun: `serving` words its facts, and the speaker hears it come."""
        return Answering(self._models, Asking(question, serving), decision, Draft(speaker))


class Answering:
    """One answer in the making. `whole` makes it; where that is ended early, by a cancellation or an error, `stopped`,
    `interrupted` and `failed` give what there is of it.

    Invariant: where it ends with a local answer, the facts of its decision are those that its words rest on.
    """

    def __init__(self, models: _Models, asking: Asking, decision: Decision, draft: Draft) -> None:
        self._models, self._asking, self._draft = models, asking, draft
        self._decision, self._route = decision, decision.route
        draft.lead = self._lead()
        self._to_fold: ToFold | None = None

    async def whole(self) -> Answer:
        """The answer from its first word to its last.

        Raises ProviderError where a model failed and nothing approved stands in for it, MessageError where the cloud
        model cannot be sent the question, and DatabaseError.
        """
        match self._route:
            case Route.LOCAL if self._decision.asked == 1:
                return await self._one()
            case Route.LOCAL:
                return await self._several()
            case Route.CLOUD:
                return await self._cloud()
            case Route.ABSTAIN:
                return self._abstain()
            case Route.ASK:
                self._draft.say(ASKING)
                return self._ended(TurnStatus.DONE, ASKING)

    def stopped(self) -> Answer:
        """What its reader keeps who stopped it: the words that had been shown, and what they rest on."""
        said = self._route is Route.LOCAL and self._draft.text.strip()
        sources = self._sources(self._decision.facts) if said else ()
        return self._ended(TurnStatus.STOPPED, self._draft.text.rstrip(), sources)

    def interrupted(self) -> Answer:
        """What had come when the process ended."""
        return self._ended(TurnStatus.INTERRUPTED, self._draft.text)

    def failed(self) -> Answer:
        """What had come when a model failed; of nothing, the approved text nearest to the question is offered."""
        if self._draft.text:
            return self.interrupted()
        return self._ended(TurnStatus.FAILED, "", self._nearest())

    async def _one(self) -> Answer:
        """One question: the first of the likely facts that the model does not refuse.

        A model that was fine-tuned for it reads the fact with the question in mind, which the router cannot; so where
        it says that the best does not answer, the next ones are tried, and where none does, nobody here answers.
        """
        routed = self._decision
        for fact in (routed.facts[0], *_next(routed)):
            if fact is not routed.facts[0]:
                self._decision = replace(routed, facts=(fact,))
            wording = await self._worded(fact)
            if wording is Wording.REFUSED:
                continue
            unsure = fact.probability < UNSURE_FACT
            if wording is Wording.GIVEN_UP:
                if unsure and (answer := await self._stronger()):
                    return answer
                self._draft.say(fact.text, replace=True)
            return self._done(int(wording is Wording.GIVEN_UP), unsure)
        self._decision = replace(routed, reasons=(*routed.reasons, ALL_REFUSED))
        return await self._refused()

    async def _several(self) -> Answer:
        """Several questions, each answered by a fact of its own; what the model refuses is said in approved wording."""
        decision, draft = self._decision, self._draft
        unsure, given_up = least_sure(decision.facts, decision.asked) < UNSURE_FACT, 0
        for fact in decision.facts[: decision.asked]:
            draft.say("\n\n" if draft.text else "")
            said = draft.text
            if await self._worded(fact) is Wording.SAID:
                continue
            if unsure and (answer := await self._stronger()):
                return answer
            draft.say(said + fact.text, replace=True)
            given_up += 1
        return self._done(given_up, unsure)

    async def _worded(self, fact: ScoredFact) -> Wording:
        return await self._models.local.word(self._asking, fact, self._draft)

    def _done(self, given_up: int, unsure: bool) -> Answer:
        """The local answer, of which `given_up` facts stand in their approved wording."""
        if given_up:
            what = "This" if given_up == self._decision.asked else "Part of this"
            words = f"{what} is the approved wording, word for word."
            self._draft.note(NoticeCode.APPROVED_WORDING, words, self._draft.trouble)
        if unsure:
            words = "This is the closest approved answer; it may not be quite what you asked."
            self._draft.note(NoticeCode.UNSURE, words)
        return self._ended(TurnStatus.DONE, self._draft.text, self._sources(self._decision.facts))

    async def _stronger(self) -> Answer | None:
        """The cloud model's answer where the local one was neither sure nor borne out; None where there is none."""
        if self._models.cloud is None:
            return None
        try:
            return await self._escalate("The local answer was not sure enough, so the cloud model was asked.")
        except ProviderError as error:  # the approved answer is at hand, and better than none
            self._route = Route.LOCAL
            asked = self._decision.facts[: self._decision.asked]
            self._draft.say("\n\n".join(fact.text for fact in asked), replace=True)
            words = "The cloud model was asked too, and did not answer."
            self._draft.note(NoticeCode.CLOUD_FAILED, words, detail_of(error))
            return self._done(len(asked), unsure=True)

    async def _refused(self) -> Answer:
        """None of the likely facts answers, says the model that read them."""
        if self._models.cloud is None:
            return self._abstain()
        return await self._escalate(f"{ALL_REFUSED.text} So the cloud model was asked.")

    async def _escalate(self, reason: str) -> Answer:
        self._draft.escalate(reason)
        return await self._cloud()

    async def _cloud(self) -> Answer:
        assert self._models.cloud  # the router sends nothing to a cloud that is not connected
        self._route = Route.CLOUD
        texts = [fact.text for fact in self._decision.candidates if fact.probability >= HELPFUL_FACT]
        prompt = await self._models.cloud.prompt(self._asking.question, texts)
        self._to_fold = prompt.to_fold
        await self._models.cloud.answer(self._asking.question, prompt.messages, self._draft)
        return self._ended(TurnStatus.DONE, self._draft.text.strip())

    def _abstain(self) -> Answer:
        self._route, self._draft.lead = Route.ABSTAIN, ""
        if self._decision.category == SAFETY:
            self._draft.say(self._decision.candidates[0].text)
            return self._ended(TurnStatus.ABSTAINED, self._draft.text)
        self._draft.say(abstention(self._decision.mode, self._models.contact))
        return self._ended(TurnStatus.ABSTAINED, self._draft.text, self._nearest())

    def _ended(self, status: TurnStatus, text: str, sources: tuple[Source, ...] = ()) -> Answer:
        draft = self._draft
        return Answer(
            status, text, self._route, sources, tuple(draft.notices), self._decision, draft.cost_microusd, self._to_fold
        )

    def _nearest(self) -> tuple[Source, ...]:
        """The approved text nearest to a message that nobody answered, to be offered and not to be taken for an answer.

        None where the local model has read the likely ones and found that they do not answer, or for danger.
        """
        if ALL_REFUSED in self._decision.reasons or self._decision.category == SAFETY:
            return ()
        near = [fact for fact in self._decision.candidates if fact.probability >= OFFERED_FACT]
        return self._sources(near)[:1]

    def _lead(self) -> str:
        """What an answer begins with where an act is asked for: that nothing is done here. Its fact says who can."""
        language, facts = self._asking.serving.router.pack.rules, self._decision.facts
        explained = any(not self._models.local.unshown(fact) for fact in facts)
        asked = language is not None and language.acts.asks.search(self._asking.question.text)
        return f"{language.acts.said}\n\n" if language and asked and explained else ""

    def _sources(self, facts: Sequence[ScoredFact]) -> tuple[Source, ...]:
        """The sources to show; what is said word for word is its own."""
        shown = (fact for fact in facts if not self._models.local.unshown(fact))
        return tuple(Source(fact.id, fact.text, fact.probability) for fact in shown)


def abstention(mode: Mode, contact: str) -> str:
    """What is said when nobody here may or can answer, and the way to a person."""
    if mode is Mode.LOCAL_ONLY:
        why = "I can't answer that here: I answer from our own approved information only."
    else:
        why = "I can't answer that one myself."
    return f"{why} A person can help: {contact}"


def _next(decision: Decision) -> tuple[ScoredFact, ...]:
    """The facts to try when the best is refused."""
    return tuple(fact for fact in decision.candidates[1:] if fact.probability >= NEXT_FACT)
