"""Asked back: with its own event, once, and whatever the customer does then."""

from chatapp.turn.answerer import ASKING
from chatapp.turn.events import Asked, Finished, Reader, Routed
from router.types import ReasonCode, Route
from tests.turn.conftest import TITLES, TORN, Desk

LABEL = "The text of returns.label."


def ended(events: list[object]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


async def asked(desk: Desk) -> Finished:
    desk.use([LABEL, LABEL, LABEL], ["From the cloud."])
    return ended([*await desk.say("torn between two")])


async def test_it_has_an_event_a_json_form_and_costs_nothing(desk: Desk) -> None:
    desk.use(["Never said."], ["Neither."])
    events = await desk.say("torn between two")
    (question,) = [event for event in events if isinstance(event, Asked)]
    assert [type(event) for event in events].index(Asked) == [type(event) for event in events].index(Routed) + 1
    assert question.as_json(Reader.CUSTOMER) == {
        "type": "asked",
        "turn_id": question.turn_id,
        "conversation_id": desk.conversation,
        "options": list(TITLES.values()),
    }
    finished = ended([*events])
    assert (finished.status, finished.route, finished.text) == ("done", Route.ASK, ASKING)
    told = finished.as_json(Reader.CUSTOMER)
    assert (told["options"], told["answered_by"], told["sources"]) == (list(TITLES.values()), "own", [])
    assert desk.store.ledger.calls(finished.turn_id) == []
    stored = desk.store.exchanges.of(desk.conversation)[0].turn
    assert stored.route == Route.ASK
    assert stored.decision is not None
    assert stored.decision.options == TORN


async def test_a_button_sends_its_words_and_gets_that_answer(desk: Desk) -> None:
    await asked(desk)
    finished = ended([*await desk.say("Get a return label")])
    assert (finished.route, finished.text) == (Route.LOCAL, LABEL)
    assert finished.sources[0].id == "returns.label"


async def test_words_do_as_well_as_the_button(desk: Desk) -> None:
    await asked(desk)
    assert ended([*await desk.say("the second")]).text == LABEL


async def test_pressed_twice_or_an_hour_later_it_gives_the_same_answer(desk: Desk) -> None:
    await asked(desk)
    await desk.say("Get a return label", client_id="press")
    before = len(desk.store.exchanges.of(desk.conversation))
    await desk.runner.start(desk.user, desk.conversation, "Get a return label", "press")
    assert len(desk.store.exchanges.of(desk.conversation)) == before, "the same press is one message"
    await desk.say("outside of everything")
    assert ended([*await desk.say("Get a return label")]).text == LABEL


async def test_something_else_is_answered_like_any_message_and_not_asked_about_again(desk: Desk) -> None:
    await asked(desk)
    finished = ended([*await desk.say("torn otherwise")])
    assert finished.route == Route.LOCAL, "one question at a time"
    assert desk.router.seen[-1] == ("torn otherwise", ("torn between two",))
    assert ended([*await desk.say("torn once more")]).route == Route.ASK


async def test_the_cloud_that_was_asked_for_is_asked(desk: Desk) -> None:
    desk.use((), ["From the cloud."])
    assert ended([*await desk.say("torn between two", requested_route=Route.CLOUD)]).text == "From the cloud."


async def test_a_setting_turns_it_off(desk: Desk) -> None:
    desk.use(["Take it back."], None, ask_back=False)
    assert ended([*await desk.say("torn between two")]).route == Route.LOCAL


async def test_the_choice_has_a_reason(desk: Desk) -> None:
    await asked(desk)
    await desk.say("the second")
    decision = desk.store.exchanges.of(desk.conversation)[-1].turn.decision
    assert decision is not None
    assert [reason.code for reason in decision.reasons] == [ReasonCode.CHOSEN]
