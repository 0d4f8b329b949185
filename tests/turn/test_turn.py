"""One turn: what is told, what is stored, what is booked, whatever the models do."""

import asyncio

import pytest

from chatapp.backends.base import Request
from chatapp.backends.scripted import ScriptedStream
from chatapp.errors import (
    BusyError,
    DatabaseError,
    LocalModelError,
    MessageError,
    NotAllowedError,
    NotFoundError,
    ProviderCutError,
    ProviderUnreachableError,
)
from chatapp.turn.events import Delta, Escalated, Event, Failed, Finished, Notice, Routed, Started
from router.types import Mode, Reason, ReasonCode, Route, ScoredFact
from tests.turn.conftest import FACT, Desk

BORNE_OUT = "You have 60 days from delivery to send unused goods back."
INVENTED = "You have 90 days and we pay you 500 EUR."
LOCAL = "how long do i have"
OUT_OF_SCOPE = "outside of everything"
SECOND = ScoredFact("returns.label", "Print the label at home, or show its code at the counter.", 0.8)


def broken(*_: object, **__: object) -> None:
    error = DatabaseError("The table is gone.", "Restore it.")
    error.may_pass = False
    raise error


def kinds(events: list[object]) -> list[str]:
    names = [type(event).__name__ for event in events]
    return [name for i, name in enumerate(names) if i == 0 or names[i - 1] != name]


async def test_a_local_turn_is_told_stored_and_booked(desk: Desk) -> None:
    desk.use([BORNE_OUT])
    told = await desk.say(LOCAL)
    assert kinds(told) == ["Started", "Routed", "Delta", "Finished"]
    end = told[-1]
    assert isinstance(end, Finished)
    assert (end.status, end.route, end.text) == ("done", "local", BORNE_OUT)
    assert end.ttft_ms is not None
    assert 0 < end.ttft_ms <= end.total_ms
    assert desk.runner.last_failure is None
    assert [source.id for source in end.sources] == [FACT.id]
    assert "".join(event.text for event in told if isinstance(event, Delta)) == BORNE_OUT
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert (exchange.user_text, exchange.answer_text) == (LOCAL, BORNE_OUT)
    (call,) = desk.store.ledger.calls(exchange.turn.id)
    assert (call.purpose, call.route, call.outcome) == ("answer", "local", "ok")
    assert call.cost_microusd == exchange.cost_microusd == end.cost_microusd > 0
    assert (exchange.turn.ttft_ms, exchange.turn.total_ms) == (end.ttft_ms, end.total_ms)
    assert call.ttft_ms is not None


async def test_what_the_fact_does_not_bear_out_is_never_told(desk: Desk) -> None:
    desk.use([INVENTED])
    told = await desk.say(LOCAL)
    assert "90" not in "".join(event.text for event in told if isinstance(event, Delta))
    end = told[-1]
    assert isinstance(end, Finished)
    assert end.text == FACT.text
    assert end.notices[0].code == "approved_wording"
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert desk.store.ledger.calls(exchange.turn.id)[0].outcome == "unsupported"


async def test_a_doubtful_fact_and_a_doubtful_wording_go_to_the_cloud(desk: Desk) -> None:
    desk.use([INVENTED], ["The cloud says hello."])
    desk.unsure()
    told = await desk.say(LOCAL)
    assert any(isinstance(event, Escalated) for event in told)
    end = told[-1]
    assert isinstance(end, Finished)
    assert (end.route, end.text) == ("cloud", "The cloud says hello.")
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert [call.route for call in desk.store.ledger.calls(exchange.turn.id)] == ["local", "cloud"]


async def test_without_a_cloud_a_doubtful_fact_is_given_in_its_approved_wording(desk: Desk) -> None:
    desk.use([INVENTED], None)
    desk.unsure()
    end = (await desk.say(LOCAL))[-1]
    assert isinstance(end, Finished)
    assert end.text == FACT.text


async def test_a_broken_local_model_still_answers_from_the_fact(desk: Desk) -> None:
    desk.use([LocalModelError("The model broke.", "Restart.")])
    end = (await desk.say(LOCAL))[-1]
    assert isinstance(end, Finished)
    assert end.text == FACT.text


async def test_two_questions_are_answered_one_after_the_other(desk: Desk) -> None:
    desk.router.second = SECOND
    desk.use([FACT.text, INVENTED])
    told = await desk.say(LOCAL)
    end = told[-1]
    assert isinstance(end, Finished)
    assert end.text == f"{FACT.text}\n\n{SECOND.text}"
    assert [source.id for source in end.sources] == [FACT.id, SECOND.id]
    assert [notice.text for notice in end.notices] == ["Part of this is the approved wording, word for word."]
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert [call.outcome for call in desk.store.ledger.calls(exchange.turn.id)] == ["ok", "unsupported"]


async def test_two_doubtful_facts_are_given_in_their_approved_wording_when_the_cloud_fails(desk: Desk) -> None:
    desk.unsure()
    desk.router.second = SECOND
    desk.use([FACT.text, INVENTED], [ProviderUnreachableError("No connection.", "Check it.")])
    end = (await desk.say(LOCAL))[-1]
    assert isinstance(end, Finished)
    assert (end.route, end.text) == ("local", f"{FACT.text}\n\n{SECOND.text}")


async def test_a_verbatim_fact_is_said_by_no_model_and_is_its_own_source(desk: Desk) -> None:
    desk.router.fact = ScoredFact("courtesy.hello", "Hello!", 0.9)
    end = (await desk.say("hi"))[-1]
    assert isinstance(end, Finished)
    assert (end.text, end.sources, end.cost_microusd) == ("Hello!", (), 0)
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert desk.store.ledger.calls(exchange.turn.id) == []


async def test_an_out_of_scope_message_is_answered_by_the_cloud(desk: Desk) -> None:
    desk.use((), ["From the cloud."])
    told = await desk.say(OUT_OF_SCOPE)
    routed = told[1]
    assert isinstance(routed, Routed)
    assert routed.decision.route is Route.CLOUD
    end = told[-1]
    assert isinstance(end, Finished)
    assert (end.text, end.sources) == ("From the cloud.", ())
    *_, facts, message = desk.cloud.requests[0].messages
    assert (facts.role, message.role, message.content) == ("system", "user", OUT_OF_SCOPE)
    assert FACT.text in facts.content


@pytest.mark.parametrize("mode", [Mode.HYBRID, Mode.LOCAL_ONLY])
async def test_without_a_cloud_an_out_of_scope_message_is_honestly_not_answered(desk: Desk, mode: Mode) -> None:
    desk.use((), None, mode=mode)
    end = (await desk.say(OUT_OF_SCOPE))[-1]
    assert isinstance(end, Finished)
    assert end.status == "abstained"
    assert "call 0800." in end.text
    assert ("can't answer that here" in end.text) == (mode is Mode.LOCAL_ONLY)


async def test_a_cut_stream_keeps_what_came_and_offers_the_message_again(desk: Desk) -> None:
    desk.use((), [(["Half ", "an "], ProviderCutError("The stream was cut.", "Try again.")), "A whole answer."])
    end = (await desk.say(OUT_OF_SCOPE))[-1]
    assert isinstance(end, Failed)
    assert (end.code, end.text) == ("provider_cut", "Half an ")
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert (exchange.turn.status, exchange.answer_text) == ("interrupted", "Half an ")
    assert desk.store.ledger.calls(exchange.turn.id)[0].outcome == "cut"
    second = (await desk.again(exchange.turn.id))[-1]
    assert isinstance(second, Finished)
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert exchange.answer_text == "A whole answer."


async def test_a_dead_cloud_is_told_with_what_to_do(desk: Desk) -> None:
    desk.use((), [ProviderUnreachableError("No connection.", "Check FIRSTLINE_CLOUD_BASE_URL.")])
    end = (await desk.say(OUT_OF_SCOPE))[-1]
    assert isinstance(end, Failed)
    assert "assistant for unusual questions" in end.what
    assert "Your message is kept" in end.hint
    assert end.detail == "No connection. Check FIRSTLINE_CLOUD_BASE_URL."
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert (exchange.turn.status, exchange.user_text) == ("failed", OUT_OF_SCOPE)
    assert exchange.turn.total_ms
    assert [source.id for source in end.sources] == [source["id"] for source in exchange.turn.sources] == [FACT.id]
    assert desk.runner.last_failure
    assert desk.runner.last_failure[1] == end


async def test_stop_ends_the_turn_and_keeps_the_words(desk: Desk) -> None:
    desk.use((), ["one two three four five six seven eight"], delay_s=0.02)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
        seen = 0
        async for event in subscription:
            seen += isinstance(event, Delta)
            if seen == 3:
                break
        assert desk.runner.stop(desk.conversation)
        assert not desk.runner.stop(desk.conversation)
        end = (await desk.collect(subscription))[-1]
    assert isinstance(end, Finished)
    assert end.status == "stopped"
    assert end.text.startswith("one two three")
    assert not end.text.endswith("eight")
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert desk.store.ledger.calls(exchange.turn.id)[0].outcome == "stopped"
    assert not desk.runner.stop(desk.conversation)


async def test_a_stopped_local_turn_costs_what_the_ledger_says(desk: Desk) -> None:
    desk.use([BORNE_OUT * 20], delay_s=0.02)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, LOCAL)
        await desk.until(subscription, Delta)
        desk.runner.stop(desk.conversation)
        end = (await desk.collect(subscription))[-1]
    assert isinstance(end, Finished)
    (call,) = desk.store.ledger.calls(end.turn_id)
    assert call.outcome == "stopped"
    assert end.cost_microusd == call.cost_microusd > 0


async def test_stopping_an_escalated_answer_keeps_it_the_clouds(desk: Desk) -> None:
    desk.use([INVENTED], ["one two three four five six seven eight"], delay_s=0.03)
    desk.unsure()
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, LOCAL)
        escalated = False
        async for event in subscription:
            escalated = escalated or isinstance(event, Escalated)
            if escalated and isinstance(event, Delta) and event.text.strip() == "two":
                break
        desk.runner.stop(desk.conversation)
        end = (await desk.collect(subscription))[-1]
    assert isinstance(end, Finished)
    assert (end.status, end.route, end.sources) == ("stopped", "cloud", ())


async def test_a_cloud_that_fails_an_escalation_leaves_the_approved_wording(desk: Desk) -> None:
    desk.use([INVENTED], [ProviderUnreachableError("No connection.", "Check it.")])
    desk.unsure()
    end = (await desk.say(LOCAL))[-1]
    assert isinstance(end, Finished)
    assert (end.route, end.text) == ("local", FACT.text)
    assert [notice.code for notice in end.notices] == ["escalated", "cloud_failed", "approved_wording", "unsure"]


async def test_a_stop_that_can_never_be_stored_still_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.use((), ["a b c d e f g h"], delay_s=0.05)

    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
        monkeypatch.setattr(desk.store.turns, "finish", broken)
        await desk.until(subscription, Delta)
        desk.runner.stop(desk.conversation)
        assert isinstance((await desk.collect(subscription))[-1], Failed)
    assert desk.runner.live(desk.conversation) is None


async def test_one_try_at_a_time(desk: Desk) -> None:
    desk.use((), ["a b c d e f"], delay_s=0.05)
    await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
    with pytest.raises(BusyError):
        await desk.runner.again(desk.user, 1)


async def test_the_same_client_id_starts_one_turn(desk: Desk) -> None:
    desk.use([BORNE_OUT])
    await desk.say(LOCAL, client_id="k")
    first = desk.store.exchanges.of(desk.conversation)[0].turn.id
    assert await desk.runner.start(desk.user, desk.conversation, LOCAL, "k") == first
    assert len(desk.local.requests) == 1


async def test_a_stranger_and_a_bad_message_are_refused(desk: Desk) -> None:
    with pytest.raises(NotFoundError):
        await desk.runner.start("a stranger", desk.conversation, LOCAL)
    with pytest.raises(MessageError):
        await desk.runner.start(desk.user, desk.conversation, " \x00 ")
    assert desk.store.exchanges.of(desk.conversation) == []


async def test_the_cloud_cannot_be_asked_where_there_is_none(desk: Desk) -> None:
    desk.use([BORNE_OUT], None)
    await desk.say(LOCAL)
    with pytest.raises(NotAllowedError):
        await desk.runner.again(desk.user, 1, cloud=True)


async def test_asking_the_cloud_replaces_the_local_answer(desk: Desk) -> None:
    desk.use([BORNE_OUT], ["The long answer."])
    first = (await desk.say(LOCAL))[-1].turn_id
    told = await desk.again(first, cloud=True)
    assert isinstance(told[0], Started)
    assert told[0].replaces == first
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert exchange.answer_text == "The long answer."
    assert exchange.turn.decision is not None
    assert exchange.turn.decision.reasons[0] == Reason(ReasonCode.FORCED, "The cloud model was asked for.")


async def test_a_second_local_wording_is_sampled(desk: Desk) -> None:
    desk.use([BORNE_OUT, BORNE_OUT])
    first = (await desk.say(LOCAL))[-1].turn_id
    await desk.again(first)
    before, after = desk.local.requests
    assert before.temperature == 0
    assert after.temperature > 0
    assert (before.seed, after.seed) == (desk.settings.local_seed, desk.settings.local_seed + 2)


async def test_the_router_sees_the_messages_before(desk: Desk) -> None:
    desk.use([BORNE_OUT] * 7)
    for number in range(7):
        await desk.say(f"question {number}")
    assert desk.router.seen[-1] == ("question 6", ("question 2", "question 3", "question 4", "question 5"))


async def test_a_window_that_opens_in_the_middle_gets_the_turn_from_its_start(desk: Desk) -> None:
    desk.use((), ["one two three four"], delay_s=0.03)
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
        await desk.until(subscription, Delta)
    with desk.runner.watch(desk.conversation) as (subscription, so_far):
        rest = await desk.collect(subscription)
    assert any(isinstance(event, Delta) for event in so_far)
    assert any(isinstance(event, Delta) for event in rest)
    words = [event.text for event in (*so_far, *rest) if isinstance(event, Delta)]
    assert "".join(words) == "one two three four"


async def test_history_that_no_longer_fits_is_folded_and_booked(desk: Desk) -> None:
    desk.use((), ["This is what the cloud has to say about it."] * 40, cloud_prompt_tokens=440)
    await desk.say("outside: my name is Ottilie and I write long messages " + "about tents " * 10)
    for number in range(12):
        await desk.say(f"outside question {number} " + "and so on " * 6)
        while folding := desk.runner._folds.tasks:
            await asyncio.wait(folding)
    assert "Ottilie" in desk.store.conversations.summary(desk.conversation)
    calls = [c for e in desk.store.exchanges.of(desk.conversation) for c in desk.store.ledger.calls(e.turn.id)]
    assert any(call.purpose == "summary" for call in calls)
    answers = [request for request in desk.cloud.requests if request.messages[-1].content.count("outside")]
    assert max(desk.cloud.count_tokens(request.messages) for request in answers) <= 440
    assert any("Ottilie" in message.content for message in answers[-1].messages[:-1])


async def test_a_turn_whose_end_can_never_be_stored_still_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.use([BORNE_OUT])
    monkeypatch.setattr(desk.store.turns, "finish", broken)
    end = (await desk.say(LOCAL))[-1]
    assert isinstance(end, Failed)
    assert end.detail == "The table is gone. Restore it."
    assert "table" not in end.what + end.hint
    assert desk.runner.live(desk.conversation) is None


async def test_a_looping_cloud_is_stopped(desk: Desk) -> None:
    desk.use((), ["la " * 400])
    end = (await desk.say(OUT_OF_SCOPE))[-1]
    assert isinstance(end, Failed)
    assert end.code == "provider_fault"
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert desk.store.ledger.calls(exchange.turn.id)[0].outcome == "degenerate"


async def test_the_local_model_is_given_the_fact_to_draft_from_and_who_waits(desk: Desk) -> None:
    attended: list[bool] = []

    def answer(request: Request) -> str:
        attended.append(request.attended())
        return BORNE_OUT

    desk.use(answer)
    await desk.say(LOCAL)
    assert desk.local.requests[0].source == FACT.text
    await desk.runner.start(desk.user, desk.conversation, LOCAL)
    while len(attended) < 2:  # noqa: ASYNC110 - nobody watches, so nobody is told
        await asyncio.sleep(0.01)
    assert attended == [True, True], "a page without scripts watches nothing, and its reader waits"


async def test_who_has_closed_the_window_waits_no_more(desk: Desk) -> None:
    desk.use([BORNE_OUT], delay_s=0.05)
    await desk.runner.start(desk.user, desk.conversation, LOCAL)
    turn = desk.runner.live(desk.conversation)
    assert turn
    assert turn.attended()
    with desk.runner.watch(desk.conversation):
        assert turn.attended()
    assert not turn.attended()
    assert turn.task
    await turn.task


async def test_a_notice_says_who_is_before_you(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.use([BORNE_OUT])
    desk.local.delay_s = 0.1
    monkeypatch.setattr(ScriptedStream, "place", 2, raising=False)
    told = await desk.say(LOCAL)
    assert any(isinstance(event, Notice) and "2 answers" in event.text for event in told)


async def test_a_stop_before_the_first_step_of_a_turn_ends_it_as_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes between the beginning of the turn's task and the moment at which that first runs."""
    publish, loop = desk.runner.hub.publish, asyncio.get_running_loop()

    def stopped_at_once(event: Event) -> None:
        publish(event)
        if isinstance(event, Started):
            loop.call_soon(desk.runner.stop, desk.conversation)

    monkeypatch.setattr(desk.runner.hub, "publish", stopped_at_once)
    async with asyncio.timeout(5):
        events = await desk.say("where is it?")
    assert isinstance(events[-1], Finished)
    assert (events[-1].status, events[-1].route, events[-1].category) == ("stopped", "abstain", "")
    assert desk.runner.live(desk.conversation) is None
