"""The decision that is stored is the one that the answer rests on, whatever happened on the way to it."""

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chatapp.backends.base import Request
from chatapp.errors import ProviderUnreachableError
from chatapp.store import Turn
from chatapp.turn.events import Delta, Event, Failed, Finished, Reader
from chatapp.web.templates import Templates
from chatapp.web.views.sources import Sources
from chatapp.web.views.turn import Thread, finished_view
from language.english import ENGLISH
from localmodel.prompt import REFUSAL
from router.types import ScoredFact
from tests.turn.conftest import FACT, Desk

SECOND = ScoredFact("returns.label", "Print the label at home, or show its code at the counter.", 0.45)
DOUBTFUL = ScoredFact(SECOND.id, SECOND.text, 0.2)
INVENTED = "You have 90 days and we pay you 500 EUR."
UNREACHABLE = ProviderUnreachableError("No connection.", "Check it.")
QUESTION = "how do i get a label"
PACK: Any = SimpleNamespace(categories=[SimpleNamespace(key="returns", title="Returns")], sources={})


def facts_of(desk: Desk) -> list[str]:
    """The facts of the one stored decision, by id."""
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert exchange.turn.decision is not None
    return [fact.id for fact in exchange.turn.decision.facts]


def reasons_of(desk: Desk) -> list[str]:
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert exchange.turn.decision is not None
    return [reason.code for reason in exchange.turn.decision.reasons]


def lines_on_the_page(desk: Desk) -> list[str]:
    """What the operator's page says of the texts under the one answer."""
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    sources = Sources(PACK).under(exchange, Reader.OPERATOR)
    thread = Thread(Reader.OPERATOR, {}, "call 0800.", cloud_connected=False, language=ENGLISH)
    turn = finished_view(exchange, sources, thread)
    html = Templates().render("_turn.html", turn=turn)
    return re.findall(r"((?:Source|See also|Approved text): [^<]*)<", html)


def learnt(desk: Desk) -> list[tuple[str, float, str]]:
    return [(one.fact_id, one.best_fact, one.source.value) for one in desk.store.outcomes.all(None)]


@pytest.fixture
def refusing(desk: Desk) -> Desk:
    """A desk whose router has a second likely fact, below its threshold or above."""
    desk.router.others = (SECOND,)
    return desk


@pytest.mark.parametrize("chosen", [False, True])
async def test_after_a_refusal_a_thumb_is_learnt_for_the_fact_that_was_worded(refusing: Desk, chosen: bool) -> None:
    refusing.router.also_chosen = chosen
    refusing.use([REFUSAL, "Print the label at home."])
    end = (await refusing.say(QUESTION))[-1]
    assert isinstance(end, Finished)
    assert facts_of(refusing) == [source.id for source in end.sources] == [SECOND.id]
    assert lines_on_the_page(refusing) == ["Source: Returns (returns.label)"]
    refusing.store.ratings.rate(refusing.user, end.turn_id, 1)
    assert learnt(refusing) == [(SECOND.id, SECOND.probability, "feedback")]


@pytest.mark.parametrize("chosen", [False, True])
async def test_a_stop_amid_the_second_fact_keeps_that_one_as_the_source(refusing: Desk, chosen: bool) -> None:
    refusing.router.also_chosen = chosen
    refusing.use([REFUSAL, SECOND.text * 9], delay_s=0.02)
    with refusing.runner.watch(refusing.conversation) as (subscription, _):
        await refusing.runner.start(refusing.user, refusing.conversation, QUESTION)
        await refusing.until(subscription, Delta)
        refusing.runner.stop(refusing.conversation)
        end = (await refusing.collect(subscription))[-1]
    assert isinstance(end, Finished)
    assert (end.status, [source.id for source in end.sources]) == ("stopped", [SECOND.id])
    assert facts_of(refusing) == [SECOND.id]
    assert not any("See also" in line or FACT.id in line for line in lines_on_the_page(refusing))


async def test_a_refused_text_does_not_stand_in_for_the_next_where_the_cloud_fails_too(refusing: Desk) -> None:
    refusing.router.others = (DOUBTFUL,)
    refusing.use([REFUSAL, INVENTED], [UNREACHABLE])
    end = (await refusing.say(QUESTION))[-1]
    assert isinstance(end, Finished)
    assert (end.route, end.text) == ("local", SECOND.text)
    assert facts_of(refusing) == [SECOND.id]
    assert lines_on_the_page(refusing) == ["Approved text: Returns (returns.label)"]


async def test_a_given_up_second_fact_is_the_one_that_did_badly(refusing: Desk) -> None:
    refusing.router.others = (DOUBTFUL,)
    refusing.use([REFUSAL, INVENTED], ["The cloud says hello."])
    end = (await refusing.say(QUESTION))[-1]
    assert isinstance(end, Finished)
    assert (end.route, end.sources) == ("cloud", ())
    assert learnt(refusing) == [(SECOND.id, DOUBTFUL.probability, "escalated")]


async def test_where_all_are_refused_the_best_did_badly_and_the_reason_is_kept(refusing: Desk) -> None:
    refusing.use([REFUSAL, REFUSAL], ["Two brothers."])
    end = (await refusing.say(QUESTION))[-1]
    assert isinstance(end, Finished)
    assert end.route == "cloud"
    assert learnt(refusing) == [(FACT.id, FACT.probability, "escalated")]
    assert reasons_of(refusing) == ["refused"]


async def test_where_all_are_refused_and_nobody_else_answers_the_reason_is_kept(refusing: Desk) -> None:
    refusing.use([REFUSAL, REFUSAL], None)
    end = (await refusing.say(QUESTION))[-1]
    assert isinstance(end, Finished)
    assert (end.status, end.sources) == ("abstained", ())
    assert reasons_of(refusing) == ["refused"]


async def test_where_all_are_refused_and_the_cloud_fails_none_of_them_is_offered(refusing: Desk) -> None:
    refusing.use([REFUSAL, REFUSAL], [UNREACHABLE])
    end = (await refusing.say(QUESTION))[-1]
    assert isinstance(end, Failed)
    assert end.sources == ()
    (exchange,) = refusing.store.exchanges.of(refusing.conversation)
    assert (exchange.turn.status, exchange.turn.route) == ("failed", "cloud")
    assert reasons_of(refusing) == ["refused"]


async def test_an_answer_to_several_questions_rests_on_all_of_them_also_where_one_is_refused(desk: Desk) -> None:
    desk.router.second = SECOND
    desk.use([FACT.text, REFUSAL], None)
    end = (await desk.say("how long, and the label?"))[-1]
    assert isinstance(end, Finished)
    assert end.text == f"{FACT.text}\n\n{SECOND.text}"
    assert facts_of(desk) == [FACT.id, SECOND.id]


async def test_a_process_that_ends_amid_the_second_fact_keeps_that_decision(refusing: Desk) -> None:
    refusing.use([REFUSAL, SECOND.text * 9], delay_s=0.02)
    with refusing.runner.watch(refusing.conversation) as (subscription, _):
        await refusing.runner.start(refusing.user, refusing.conversation, QUESTION)
        await refusing.until(subscription, Delta)
        await refusing.runner.aclose()
        end: Event = (await refusing.collect(subscription))[-1]
    assert isinstance(end, Failed)
    assert facts_of(refusing) == [SECOND.id]


async def test_the_decision_as_it_ended_says_too_what_would_have_changed_it(refusing: Desk) -> None:
    asked: list[Turn] = []

    def reply(_: Request) -> str:
        asked.append(refusing.store.exchanges.of(refusing.conversation)[0].turn)
        return REFUSAL if len(asked) == 1 else SECOND.text

    refusing.use(reply)
    await refusing.say(QUESTION)
    (exchange,) = refusing.store.exchanges.of(refusing.conversation)
    routed, ended = asked[0], exchange.turn
    assert routed.decision
    assert ended.decision == replace(routed.decision, facts=(SECOND,))
    assert ended.would_change == routed.would_change != ()
