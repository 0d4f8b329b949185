"""Answering by itself, without turn, socket or page: question and decision in, words to a speaker, one value out."""

import pytest

from chatapp.backends.scripted import Script, ScriptedBackend
from chatapp.errors import ProviderUnreachableError
from chatapp.serving import Serving
from chatapp.store.models import TurnStatus
from chatapp.store.notices import Note, NoticeCode
from chatapp.turn.answer import Answer
from chatapp.turn.answerer import ALL_REFUSED, Answerer, Answering, abstention
from chatapp.turn.events import Source
from chatapp.turn.question import Question
from localmodel.prompt import REFUSAL
from router.types import Circumstances, Mode, Reason, ReasonCode, Route, ScoredFact
from tests.turn.conftest import FACT, VERBATIM, Desk, Heard

INVENTED = "You have 90 days and we pay you 500 EUR."
LABEL = ScoredFact("returns.label", "Print the label at home.", 0.45)
UNREACHABLE = ProviderUnreachableError("No connection.", "Check it.")
SOURCE = Source(FACT.id, FACT.text, FACT.probability)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def answering(
    desk: Desk, heard: Heard, local: Script = (), cloud: Script | None = None, text: str = "how long"
) -> Answering:
    backends = {Route.LOCAL: ScriptedBackend(local, "local")}
    if cloud is not None:
        backends[Route.CLOUD] = ScriptedBackend(cloud, "cloud")
    turn = desk.store.turns.begin(desk.conversation, text)
    decision = desk.router.decide(text, [], Circumstances(Mode.HYBRID, cloud is not None))
    answerer = Answerer(desk.settings, desk.store, desk.router.pack, backends)  # type: ignore[arg-type]
    question = Question(turn.id, desk.conversation, text)
    return answerer.begin(question, decision, Serving("pack", desk.router), heard)  # type: ignore[arg-type]


async def test_a_local_answer_is_one_value(desk: Desk, heard: Heard) -> None:
    making = answering(desk, heard, [FACT.text])
    answer = await making.whole()
    (call,) = desk.store.ledger.calls(1)
    decision = desk.router.decide("how long", [], Circumstances())
    assert answer == Answer(
        TurnStatus.DONE, FACT.text, Route.LOCAL, (SOURCE,), (), decision, cost_microusd=call.cost_microusd
    )
    assert answer.cost_microusd > 0
    assert heard.text == answer.text
    assert len(heard.said) > 1, "it is told as it comes"
    assert (heard.notes, heard.reasons) == ([], [])


async def test_a_thing_that_the_question_names_may_be_named_in_its_answer(desk: Desk, heard: Heard) -> None:
    said = "You have 60 days from delivery to send the unused goods of your order back."
    answer = await answering(desk, heard, [said], text="how long may i keep my order").whole()
    assert (answer.text, answer.notices) == (said, ())


ACT = "please cancel my order"
LEAD = "I cannot do that myself from this chat. Here is what applies:\n\n"


async def test_an_act_is_not_done_here_and_the_answer_says_so_first(desk: Desk, heard: Heard) -> None:
    answer = await answering(desk, heard, [FACT.text], text=ACT).whole()
    assert (answer.status, answer.text) == (TurnStatus.DONE, LEAD + FACT.text)
    assert heard.said[0][0].startswith(LEAD), "with the first word, so that nothing stands alone"


async def test_nor_is_it_where_the_approved_wording_stands_in(desk: Desk, heard: Heard) -> None:
    answer = await answering(desk, heard, [INVENTED], text=ACT).whole()
    assert answer.text == heard.text == LEAD + FACT.text


@pytest.mark.parametrize("cloud", [None, ["From the cloud."]])
async def test_who_answers_nothing_from_here_says_nothing_of_it(
    desk: Desk, heard: Heard, cloud: list[str] | None
) -> None:
    answer = await answering(desk, heard, [REFUSAL], cloud, text=ACT).whole()
    assert LEAD.strip() not in answer.text
    assert answer.text == heard.text


async def test_a_greeting_that_asks_for_an_act_is_word_for_word(desk: Desk, heard: Heard) -> None:
    desk.router.fact = ScoredFact(VERBATIM.id, VERBATIM.text, 0.9)
    assert (await answering(desk, heard, text=ACT).whole()).text == VERBATIM.text


async def test_a_cloud_answer_is_trimmed_and_rests_on_nothing(desk: Desk, heard: Heard) -> None:
    answer = await answering(desk, heard, cloud=["From the cloud. "], text="outside of it").whole()
    assert (answer.status, answer.text, answer.route) == (TurnStatus.DONE, "From the cloud.", Route.CLOUD)
    assert (answer.sources, answer.notices, answer.to_fold) == ((), (), None)


@pytest.mark.parametrize(
    ("probability", "offered"),
    [(0.15, (Source(FACT.id, FACT.text, 0.15),)), (0.14, ())],
)
async def test_an_abstention_offers_the_nearest_text_if_it_is_near(
    desk: Desk, heard: Heard, probability: float, offered: tuple[Source, ...]
) -> None:
    desk.router.fact = ScoredFact(FACT.id, FACT.text, probability)
    answer = await answering(desk, heard, text="outside of it").whole()
    assert (answer.status, answer.route, answer.sources) == (TurnStatus.ABSTAINED, Route.ABSTAIN, offered)
    assert answer.text == heard.text == "I can't answer that one myself. A person can help: call 0800."


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        (Mode.HYBRID, "I can't answer that one myself."),
        (Mode.LOCAL_ONLY, "I can't answer that here: I answer from our own approved information only."),
    ],
)
def test_an_abstention_says_why_and_names_a_person(mode: Mode, why: str) -> None:
    assert abstention(mode, "call 0800.") == f"{why} A person can help: call 0800."


async def test_only_the_nearest_text_is_offered_and_none_that_is_its_own_source(desk: Desk, heard: Heard) -> None:
    desk.router.fact = ScoredFact(VERBATIM.id, VERBATIM.text, 0.9)
    desk.router.others = (LABEL, FACT)
    answer = await answering(desk, heard, text="outside of it").whole()
    assert [source.id for source in answer.sources] == [LABEL.id]


async def test_an_escalation_is_told_at_once_and_kept_as_a_notice(desk: Desk, heard: Heard) -> None:
    desk.unsure()
    answer = await answering(desk, heard, [INVENTED], ["Hello."]).whole()
    reason = "The local answer was not sure enough, so the cloud model was asked."
    assert heard.reasons == [reason]
    assert heard.notes == []
    assert answer.notices == (Note(NoticeCode.ESCALATED, reason),)
    assert (answer.text, answer.route, answer.sources) == ("Hello.", Route.CLOUD, ())
    assert answer.decision
    assert (answer.decision.route, [fact.id for fact in answer.decision.facts]) == (Route.LOCAL, [FACT.id])


async def test_where_all_are_refused_the_reason_says_who_read_and_who_is_asked(desk: Desk, heard: Heard) -> None:
    answer = await answering(desk, heard, [REFUSAL], ["Two brothers."]).whole()
    found_none = "The local model found no answer in the approved text."
    assert heard.reasons == [f"{found_none} So the cloud model was asked."]
    assert answer.decision
    assert answer.decision.reasons == (Reason(ReasonCode.REFUSED, found_none),)


async def test_what_else_the_router_chose_is_further_reading(desk: Desk, heard: Heard) -> None:
    desk.router.others, desk.router.also_chosen = (LABEL,), True
    answer = await answering(desk, heard, [FACT.text]).whole()
    assert answer.decision
    assert answer.decision.facts == (FACT, LABEL)
    assert [source.id for source in answer.sources] == [FACT.id, LABEL.id]


async def test_each_of_several_questions_is_answered_in_its_turn(desk: Desk, heard: Heard) -> None:
    desk.router.second = LABEL
    answer = await answering(desk, heard, [FACT.text, LABEL.text]).whole()
    assert answer.text == heard.text == f"{FACT.text}\n\n{LABEL.text}"
    assert answer.notices == ()


async def test_a_cloud_that_fails_is_noted_with_what_stood_behind_it(desk: Desk, heard: Heard) -> None:
    desk.unsure()
    answer = await answering(desk, heard, [INVENTED], [(["Half "], UNREACHABLE)]).whole()
    assert (answer.text, answer.route) == (FACT.text, Route.LOCAL)
    assert heard.text == FACT.text
    assert answer.notices[1:] == (
        Note(
            NoticeCode.CLOUD_FAILED,
            "The cloud model was asked too, and did not answer.",
            "No connection. Check it.",
        ),
        Note(NoticeCode.APPROVED_WORDING, "This is the approved wording, word for word."),
        Note(NoticeCode.UNSURE, "This is the closest approved answer; it may not be quite what you asked."),
    )
    assert tuple(heard.notes) == answer.notices[1:]


@pytest.mark.parametrize(("probability", "codes"), [(0.4, []), (0.39, ["unsure"])])
async def test_below_two_fifths_the_reader_is_told_that_it_may_not_fit(
    desk: Desk, heard: Heard, probability: float, codes: list[str]
) -> None:
    desk.router.fact = ScoredFact(FACT.id, FACT.text, probability)
    answer = await answering(desk, heard, [FACT.text], ["Not asked."]).whole()
    assert [note.code for note in answer.notices] == codes
    assert answer.route is Route.LOCAL


@pytest.mark.parametrize(("probability", "tried"), [(0.05, 2), (0.049, 1)])
async def test_after_a_refusal_a_fact_is_tried_only_if_it_is_likely_enough(
    desk: Desk, heard: Heard, probability: float, tried: int
) -> None:
    desk.router.others = (ScoredFact(LABEL.id, LABEL.text, probability),)
    answer = await answering(desk, heard, [REFUSAL, REFUSAL]).whole()
    assert [call.outcome for call in desk.store.ledger.calls(1)] == ["refused"] * tried
    assert answer.status is TurnStatus.ABSTAINED
    assert answer.decision
    assert answer.decision.reasons == (ALL_REFUSED,)
    assert answer.decision.facts == (FACT,), "the router's choice, as none was worded"


@pytest.mark.parametrize(("probability", "shown"), [(0.15, True), (0.149, False)])
async def test_the_cloud_is_told_the_facts_that_may_help(
    desk: Desk, heard: Heard, probability: float, shown: bool
) -> None:
    desk.router.others = (ScoredFact(LABEL.id, LABEL.text, probability),)
    making = answering(desk, heard, cloud=["Yes."], text="outside of it")
    await making.whole()
    (request,) = making._models.cloud._backend.requests  # type: ignore[union-attr,attr-defined]
    told = "\n".join(message.content for message in request.messages)
    assert FACT.text in told
    assert (LABEL.text in told) is shown


async def test_what_there_is_of_an_answer_that_was_not_begun(desk: Desk, heard: Heard) -> None:
    making = answering(desk, heard, cloud=[], text="outside of it")
    assert making.stopped().status is TurnStatus.STOPPED
    assert making.interrupted().status is TurnStatus.INTERRUPTED
    failed = making.failed()
    assert (failed.status, failed.text, failed.sources) == (TurnStatus.FAILED, "", (SOURCE,))
    assert making.stopped().sources == ()


async def test_what_there_is_of_an_answer_that_broke_off(desk: Desk, heard: Heard) -> None:
    making = answering(desk, heard, cloud=[(["Half ", "an "], UNREACHABLE)], text="outside of it")
    with pytest.raises(ProviderUnreachableError):
        await making.whole()
    failed = making.failed()
    assert (failed.status, failed.text, failed.route) == (TurnStatus.INTERRUPTED, "Half an ", Route.CLOUD)
    assert (failed.sources, making.stopped().text) == ((), "Half an")


async def test_a_stopped_local_answer_names_what_its_words_rest_on(desk: Desk, heard: Heard) -> None:
    making = answering(desk, heard)
    making._draft.say("You have 60 ")
    assert (making.stopped().text, making.stopped().sources) == ("You have 60", (SOURCE,))
    making._draft.say(" \n", replace=True)
    assert making.stopped().sources == ()
