"""A fine-tuned model says when a fact does not answer: the next is tried, or nobody here answers."""

from pathlib import Path

import pytest

from chatapp.serving import Serving
from chatapp.turn.events import Delta, Escalated, Finished
from chatapp.turn.runner import TurnRunner
from localmodel.prompt import FORMS, REFUSAL
from router.types import Route, ScoredFact
from tests.turn.conftest import FACT, FREE, Desk

OTHER = ScoredFact("returns.label", "Print the label at home.", 0.3)
UNLIKELY = ScoredFact("returns.cost", "Returns are free.", 0.01)


def _end(told: list[object]) -> Finished:
    end = told[-1]
    assert isinstance(end, Finished)
    return end


async def test_the_next_likely_fact_is_tried_and_shown_as_the_source(desk: Desk) -> None:
    desk.router.others = (OTHER, UNLIKELY)
    desk.use([REFUSAL, OTHER.text])
    told = await desk.say("how do i get a label")
    end = _end(told)
    assert (end.status, end.route, end.text) == ("done", "local", OTHER.text)
    assert [source.id for source in end.sources] == [OTHER.id]
    assert REFUSAL not in "".join(event.text for event in told if isinstance(event, Delta))
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert [call.outcome for call in desk.store.ledger.calls(exchange.turn.id)] == ["refused", "ok"]


async def test_where_every_likely_fact_is_refused_nobody_here_answers(desk: Desk) -> None:
    desk.router.others = (OTHER, UNLIKELY)
    desk.use([REFUSAL, REFUSAL], cloud=None)
    end = _end(await desk.say("who owns you"))
    assert (end.status, end.route, end.sources) == ("abstained", "abstain", ())
    assert "A person can help: call 0800." in end.text
    assert len(desk.local.requests) == 2


async def test_where_every_likely_fact_is_refused_the_cloud_is_asked(desk: Desk) -> None:
    desk.use([REFUSAL], cloud=["Two brothers."])
    told = await desk.say("who owns you")
    assert any(isinstance(event, Escalated) for event in told)
    end = _end(told)
    assert (end.status, end.route, end.text) == ("done", "cloud", "Two brothers.")
    assert end.notices[0].code == "escalated"


async def test_of_several_questions_a_refused_one_gets_its_approved_wording(desk: Desk) -> None:
    desk.router.second = OTHER
    desk.use([FACT.text, REFUSAL], cloud=None)
    end = _end(await desk.say("how long, and the label?"))
    assert end.text == f"{FACT.text}\n\n{OTHER.text}"
    assert end.notices[0].text.startswith("Part of this is the approved wording")


async def test_what_is_free_of_its_text_is_said_without_it(desk: Desk) -> None:
    desk.router.fact = ScoredFact(FREE.id, FREE.text, 0.9)
    desk.use(["I'm Pip, the sparrow at the ticket office!"])
    end = _end(await desk.say("who are you"))
    assert end.text == "I'm Pip, the sparrow at the ticket office!"
    assert end.sources == ()
    (request,) = desk.local.requests
    assert [message.content for message in request.messages] == ["You are a help desk.", "who are you"]


async def test_the_text_stands_in_where_a_free_answer_fails(desk: Desk) -> None:
    desk.router.fact = ScoredFact(FREE.id, FREE.text, 0.9)
    desk.use(["no no no no no no no no no no no no no no no no no no no no no no no no no no no no no no"])
    end = _end(await desk.say("who are you"))
    assert end.text == FREE.text


@pytest.mark.parametrize("form", ["", *FORMS])
async def test_a_turn_is_asked_in_the_form_and_with_the_adapter_that_serve(desk: Desk, form: str) -> None:
    desk.use([FACT.text])
    adapter = Path("r-1/adapter.gguf")
    desk.runner = TurnRunner(
        desk.settings,
        desk.store,
        lambda: Serving("r-1", desk.router, adapter, form),  # type: ignore[arg-type]
        {Route.LOCAL: desk.local},
    )
    await desk.say("how long")
    (request,) = desk.local.requests
    assert request.adapter == adapter
    assert FACT.text in request.messages[-1].content
    assert len(request.messages) == (2 if form else 8)
    anybody, on_this = request.alike
    assert anybody[0] == on_this[0] == request.messages[0]
    assert all("how long" not in prompt[-1].content for prompt in request.alike)
    assert FACT.text in on_this[-1].content
    assert FACT.text not in anybody[-1].content
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert desk.store.ledger.calls(exchange.turn.id)[0].model == "scripted-local+r-1"
