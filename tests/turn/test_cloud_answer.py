"""What the reader is told of a cloud answer besides its words."""

import asyncio

import pytest

from chatapp.backends.base import Stage
from chatapp.turn import waiting
from chatapp.turn.events import Failed, Finished, Notice
from tests.turn.conftest import Desk

OUT_OF_SCOPE = "outside of everything"
INTERNAL = ("FIRSTLINE", "token", "finish", "model")


@pytest.mark.parametrize("stage", [Stage.LENGTH, Stage.FILTERED, Stage.UNCERTAIN])
async def test_an_answer_that_may_not_be_whole_is_said_to_be_so(desk: Desk, stage: Stage) -> None:
    desk.use((), ["From the cloud"])
    desk.cloud.stage = stage
    end = (await desk.say(OUT_OF_SCOPE))[-1]
    assert isinstance(end, Finished)
    assert (end.status, end.text) == ("done", "From the cloud")
    (notice,) = end.notices
    assert notice.code == "incomplete"
    assert not any(word in notice.text for word in INTERNAL)
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert exchange.turn.notices == [notice.as_json()]


async def test_a_whole_answer_has_no_notice(desk: Desk) -> None:
    desk.use((), ["From the cloud."])
    end = (await desk.say(OUT_OF_SCOPE))[-1]
    assert isinstance(end, Finished)
    assert end.notices == ()


async def test_who_waits_is_told_why_and_nothing_of_it_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SLOW_S", 0.02)
    monkeypatch.setattr(waiting, "_LOOK_EVERY_S", 0.01)
    desk.use((), ["From the cloud."], delay_s=0.3)
    desk.cloud.stage = Stage.BUSY
    with desk.runner.watch(desk.conversation) as (subscription, _):
        await desk.runner.start(desk.user, desk.conversation, OUT_OF_SCOPE)
        await asyncio.sleep(0.1)
        told = await desk.collect(subscription)
    words = [event.text for event in told if isinstance(event, Notice)]
    assert words == ["Many people are asking at the moment; your message will be tried again in a few seconds."]
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert exchange.turn.notices == []


async def test_the_cloud_is_asked_as_the_settings_say(desk: Desk) -> None:
    desk.use((), ["From the cloud."], cloud_max_tokens=77, cloud_temperature=0.3)
    end = (await desk.say(OUT_OF_SCOPE))[-1]
    (request,) = desk.cloud.requests
    assert (request.max_tokens, request.temperature, request.seed) == (77, 0.3, end.turn_id)


async def test_figures_that_nothing_approved_bears_out_are_named(desk: Desk) -> None:
    desk.use((), ["You have 60 days, and get a voucher of 500 EUR within 24 hours."])
    end = (await desk.say(OUT_OF_SCOPE))[-1]
    assert isinstance(end, Finished)
    (notice,) = end.notices
    assert notice.code == "unbacked"
    assert "500 EUR, 24 hours." in notice.text
    assert "60 days" not in notice.text


async def test_a_loop_is_taken_back_to_its_first_round(desk: Desk) -> None:
    desk.use((), ["Let me see. " + "I cannot help with that right now. " * 30])
    end = (await desk.say(OUT_OF_SCOPE))[-1]
    assert isinstance(end, Failed)
    assert end.text == "Let me see. I cannot help with that right now."
