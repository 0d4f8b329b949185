"""Danger comes before everything: no model, no cloud, no line, and nobody's own choice of a route."""

import pytest

from chatapp.store.models import TurnStatus
from chatapp.turn.events import Delta, Finished, Joined, Queued
from router.types import SAFETY, Circumstances, Mode, ReasonCode, Route
from tests.turn.conftest import Desk
from tests.turn.test_bursts import Slow, ends, last, statuses

FIRE = "there is fire in my tent"
LAWYER = "you will hear from my lawyer"
ANSWER = "Get out first.\n\n- Fire brigade: 112"


def called(desk: Desk) -> int:
    return sum(len(desk.store.ledger.calls(e.turn.id)) for e in desk.store.exchanges.of(desk.conversation))


@pytest.mark.parametrize("mode", list(Mode))
async def test_the_approved_text_is_the_whole_answer_in_either_mode(desk: Desk, mode: Mode) -> None:
    desk.use(["Take it back."], ["From the cloud."] if mode is Mode.HYBRID else None, mode=mode)
    finished = (await desk.say(FIRE))[-1]
    assert isinstance(finished, Finished)
    assert (finished.status, finished.text, finished.route) == ("done", ANSWER, Route.LOCAL)
    assert (finished.category, finished.sources, finished.notices) == (SAFETY, (), ())
    assert called(desk) == 0, "no model is asked"
    assert finished.as_json()["answered_by"] == "own"


async def test_a_legal_threat_goes_to_a_person(desk: Desk) -> None:
    desk.use(["Take it back."], ["From the cloud."])
    finished = (await desk.say(LAWYER))[-1]
    assert isinstance(finished, Finished)
    assert (finished.status, finished.route) == (TurnStatus.ABSTAINED, Route.ABSTAIN)
    assert finished.text == "A person decides.\n\n- Write to us"
    assert (finished.sources, finished.as_json()["answered_by"], called(desk)) == ((), "person", 0)


async def test_it_goes_to_no_cloud_though_one_is_asked_for(desk: Desk) -> None:
    desk.use(["Take it back."], ["From the cloud."])
    finished = (await desk.say(FIRE, requested_route=Route.CLOUD))[-1]
    assert isinstance(finished, Finished)
    assert (finished.text, finished.route) == (ANSWER, Route.LOCAL)
    again = (await desk.again(finished.turn_id, cloud=True))[-1]
    assert isinstance(again, Finished)
    assert (again.text, called(desk)) == (ANSWER, 0)


async def test_no_later_message_takes_it_to_the_cloud(desk: Desk) -> None:
    desk.use(["Take it back."], ["From the cloud."])
    await desk.say("outside of everything, first")
    await desk.say(FIRE)
    await desk.say("outside of everything, last")
    sent = desk.cloud.requests[-1].messages
    said = "\n".join(message.content for message in sent)
    assert "first" in said
    assert "last" in said
    assert "fire" not in said
    assert "112" not in said


async def test_it_stops_the_answer_that_runs_and_waits_for_nothing(desk: Desk) -> None:
    desk.use((), ["word " * 200, "never said"], delay_s=0.05)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, "outside of everything")
        await desk.until(subscription, Delta)
        await desk.runner.start(desk.user, desk.conversation, "where is my parcel", requested_route=Route.CLOUD)
        await desk.runner.start(desk.user, desk.conversation, FIRE)
        told = await ends(desk, subscription, 3)
    assert [type(event) for event in told if isinstance(event, Queued | Joined)] == [Queued, Queued, Joined]
    assert statuses(desk) == ["stopped", "joined", "done"]
    answer = last(desk)
    assert (answer.answer_text, answer.turn.user_text) == (ANSWER, FIRE)
    assert desk.store.exchanges.of(desk.conversation)[0].answer_text.startswith("word"), "what had come is kept"


async def test_it_is_read_at_once_with_a_turn_that_has_shown_no_word(desk: Desk) -> None:
    Slow(desk)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, "outside of everything")
        await desk.runner.start(desk.user, desk.conversation, FIRE)
        await ends(desk, subscription, 2)
    assert statuses(desk) == ["joined", "done"]
    assert last(desk).answer_text == ANSWER


def test_the_reason_and_what_would_change_it(desk: Desk) -> None:
    decision = desk.router.decide(FIRE, [], Circumstances(Mode.HYBRID, cloud_connected=True))
    assert [reason.code for reason in decision.reasons] == [ReasonCode.SAFETY]
    assert "fire fumes" in decision.reasons[0].text
