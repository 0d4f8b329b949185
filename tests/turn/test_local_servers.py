"""Turns whose local answers come from another server: told, checked, kept and booked as those of the model in this
process, whatever becomes of the server.
"""

import asyncio
import dataclasses
from typing import Any

import pytest

from chatapp.backends.pool.pool import Pool
from chatapp.serving import Serving
from chatapp.turn import waiting
from chatapp.turn.draft import Draft
from chatapp.turn.events import Delta, Finished
from chatapp.turn.notices import customer_notices
from chatapp.turn.runner import TurnRunner
from localmodel.prompt import GROUNDED, REFUSAL
from router.types import Route
from tests.backends.conftest import DONE, HELLO, Play, RawServer, error, events, make_settings, piece, raw, usage
from tests.turn.conftest import FACT, FREE, Desk

__all__ = ["raw"]

LOCAL = "how long do i have"
BORNE_OUT = ("You have 60 days from delivery", " to send unused goods back.")
NOWHERE = "http://127.0.0.1:9/v1"


def said(*texts: str, logprob: float | None = None) -> Play:
    """An answer of these pieces, each of them as likely."""
    pieces = [piece(text) for text in texts]
    for one in pieces:
        one["choices"][0]["logprobs"] = {"content": [{"logprob": logprob}]} if logprob else None
    return events(*pieces, piece(finish="stop"), usage(200, len(texts)), DONE)


def at(desk: Desk, servers: str, form: str = "", **settings: Any) -> Pool:
    """The desk's local route, served there."""
    ours = make_settings(local_base_url=servers, local_server_model="small", local_hourly_usd=3600, **settings)
    pool = Pool(ours)
    serving = Serving("servers", desk.router, None, form)  # type: ignore[arg-type]
    desk.runner = TurnRunner(desk.settings, desk.store, lambda: serving, {Route.LOCAL: pool})
    return pool


async def turn(desk: Desk, raw: RawServer, *plays: Play, **given: Any) -> tuple[Finished, list[Any]]:
    """One message, its end and its calls."""
    raw.plays = list(plays)
    pool = at(desk, raw.url, **given)
    told = await desk.say(LOCAL)
    end = told[-1]
    assert isinstance(end, Finished)
    shown = ""
    for event in told:
        if isinstance(event, Delta):
            shown = event.text if event.replace else shown + event.text
    assert shown == end.text
    (exchange,) = desk.store.exchanges.of(desk.conversation)
    assert exchange.answer_text == end.text
    await desk.runner.aclose()
    await pool.aclose()
    return end, desk.store.ledger.calls(exchange.turn.id)


async def test_its_words_are_checked_kept_and_booked_as_a_local_answer(desk: Desk, raw: RawServer) -> None:
    end, (call,) = await turn(desk, raw, said(*BORNE_OUT, logprob=-0.1))
    assert (end.status, end.route, end.text) == ("done", "local", "".join(BORNE_OUT))
    assert [source.id for source in end.sources] == [FACT.id]
    assert (call.purpose, call.route, call.model, call.outcome) == ("answer", "local", "small", "ok")
    assert (call.input_tokens, call.output_tokens, call.estimated) == (200, 2, False)
    assert 0 < call.cost_microusd <= call.total_ms * 1001  # a dollar a second


@pytest.mark.parametrize(
    ("play", "outcome"),
    [
        (said("You have 90 days and we pay you 500 EUR."), "unsupported"),
        (said(*FACT.text.replace(" ", " |").split("|"), logprob=-3.0), "unsupported"),
        (events(piece("You have 60 days")), "cut"),
        (error(500, "boom"), "failed"),
    ],
)
async def test_what_cannot_be_shown_gives_way_to_the_approved_wording(
    desk: Desk, raw: RawServer, play: Play, outcome: str
) -> None:
    end, (call,) = await turn(desk, raw, play)
    assert (end.status, end.text) == ("done", FACT.text)
    (note,) = end.notices
    assert (note.code, bool(note.detail)) == ("approved_wording", outcome != "unsupported")
    assert call.outcome == outcome


async def test_a_model_that_was_fine_tuned_reads_its_own_prompt_and_may_refuse(desk: Desk, raw: RawServer) -> None:
    end, (call,) = await turn(desk, raw, said(REFUSAL), form=GROUNDED)
    assert (end.status, call.outcome) == ("abstained", "refused")
    assert len(raw.seen[0]["messages"]) == 2
    assert raw.seen[0]["messages"][1]["content"].startswith(f"Text: {FACT.text}")


async def test_thinking_that_was_never_opened_is_withdrawn_and_not_judged(desk: Desk, raw: RawServer) -> None:
    desk.router.fact = dataclasses.replace(FACT, id=FREE.id, text=FREE.text)
    end, (call,) = await turn(desk, raw, said("They ask who I am.", "</think>I am Pip."))
    assert (end.text, call.outcome) == ("I am Pip.", "ok")


async def test_without_a_server_nothing_is_lost(desk: Desk, raw: RawServer) -> None:
    pool = at(desk, f"{NOWHERE}, {NOWHERE}x")
    for _ in range(2):
        end = (await desk.say(LOCAL))[-1]
        assert isinstance(end, Finished)
        assert (end.status, end.text) == ("done", FACT.text)
        assert "No server is left that could answer locally" in end.notices[0].detail
        assert not customer_notices(end.notices)
    first, second = (desk.store.ledger.calls(one.turn.id)[0] for one in desk.store.exchanges.of(desk.conversation))
    assert (first.error_code, second.error_code, first.input_tokens) == ("local_model", "local_model", 0)
    await desk.runner.aclose()
    await pool.aclose()


async def test_whoever_waits_for_a_slow_server_is_told(
    desk: Desk, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SLOW_S", 0.01)
    told = asyncio.Event()
    tell = Draft.tell

    def heard(self: Draft, *notice: Any) -> None:
        tell(self, *notice)
        told.set()

    async def patient(*asked: Any) -> None:
        await told.wait()
        await said(*BORNE_OUT)(*asked)

    monkeypatch.setattr(Draft, "tell", heard)
    end, _ = await turn(desk, raw, patient)
    assert (end.text, end.notices) == ("".join(BORNE_OUT), ())


async def test_a_second_server_answers_for_one_that_is_not_there(desk: Desk, raw: RawServer) -> None:
    raw.plays = [HELLO]
    pool = at(desk, f"{NOWHERE}, {raw.url}")
    await desk.say(LOCAL)
    assert len(raw.seen) == 1
    await desk.runner.aclose()
    await pool.aclose()
