import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.backends.base import Request
from chatapp.context import Exchange, Gist, Summary, summarize, summary_budget
from chatapp.context.notes import Notes, recall_tokens
from chatapp.context.summarize import gist_request, unfit
from chatapp.errors import ProviderTimeoutError
from language.english import ENGLISH
from tests.context.conftest import conversations, count, talk

LEFT = (
    Exchange(3, "My name is Ada. I need boots in size 43.", "The Fell Mid comes in size 43."),
    Exchange(4, "How much is express?", "Express delivery costs 9.90 EUR."),
)
GOOD = "The customer asked about the Fell Mid in size 43 and about express delivery."


async def told(gist: str, summary: str = "", budget: int = 1024) -> Summary:
    async def ask(_request: Request) -> str:
        return gist

    return await summarize(ask, count, summary, LEFT, budget, ENGLISH)


async def test_a_gist_that_holds_is_taken() -> None:
    summary = await told(f" {GOOD}\n")
    assert (summary.gist, summary.reason, summary.through_turn_id) == (Gist.ACCEPTED, "", 4)
    notes = Notes.parse(summary.text)
    assert notes == Notes("Ada", ("I need boots in size 43.",), GOOD)


@pytest.mark.parametrize(
    ("gist", "reason"),
    [
        ("", "hardly a word"),
        ("Tents.", "hardly a word"),
        ("The customer asked about the", "not a whole sentence"),
        ("I am a desk. " * 8, "repeats itself"),
        ("The customer asked about size 46.", "not in the conversation: 46"),
        ("The customer is called Emma.", "not in the conversation: emma"),
        ("The customer bought seven tents.", "not in the conversation: seven"),
        ("They talked about a refund, a possible change of plans, and delivery.", "about something else: chang"),
        ("They spoke " + " ".join(a + b for a in "abcdefgh" for b in "stuvw") + ".", "longer than its budget"),
    ],
)
async def test_a_gist_that_does_not_hold_is_not_taken(gist: str, reason: str) -> None:
    summary = await told(gist, Notes(gist="They spoke of tents.").text, 400)
    assert summary.gist is Gist.REJECTED
    assert summary.reason.startswith(reason)
    assert Notes.parse(summary.text) == Notes("Ada", ("I need boots in size 43.",), "They spoke of tents.")


async def test_a_model_that_fails_costs_only_the_gist() -> None:
    async def ask(_request: Request) -> str:
        raise ProviderTimeoutError("Too slow.", "Try again.")

    summary = await summarize(ask, count, "", LEFT, 1024, ENGLISH)
    assert (summary.gist, summary.reason) == (Gist.FAILED, "Too slow. Try again.")
    assert Notes.parse(summary.text).name == "Ada"
    assert "How much is express?" in Notes.parse(summary.text).gist


async def test_a_model_that_takes_too_long_costs_only_the_gist() -> None:
    async def ask(_request: Request) -> str:
        await asyncio.Event().wait()
        return "never"

    summary = await summarize(ask, count, "", LEFT, 1024, ENGLISH, timeout_s=0.01)
    assert (summary.gist, summary.reason) == (Gist.FAILED, "no gist within 0.01 s")


async def test_a_stop_is_not_swallowed() -> None:
    async def ask(_request: Request) -> str:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await summarize(ask, count, "", LEFT, 1024, ENGLISH)


@given(st.lists(st.tuples(conversations(4), st.text() | st.just(GOOD)), max_size=6), st.integers(64, 1200))
def test_whatever_the_model_writes_budget_and_name_hold(
    folds: list[tuple[tuple[Exchange, ...], str]], budget: int
) -> None:
    async def scenario() -> None:
        summary = ""
        for left, gist in [(LEFT, GOOD), *folds]:

            async def ask(_request: Request, gist: str = gist) -> str:
                return gist

            if left:
                named = tuple(Exchange(e.turn_id, e.user + "\nMy name is Ada.", e.assistant) for e in left)
                summary = (await summarize(ask, count, summary, named, budget, ENGLISH)).text
                assert recall_tokens(Notes.parse(summary), count) <= summary_budget(budget)
                assert budget < 150 or Notes.parse(summary).name == "Ada"

    asyncio.run(scenario())


def test_the_request_keeps_to_the_budget_with_the_latest() -> None:
    request = gist_request(Notes(gist="They spoke of tents.").text, talk(100), count, 300)
    assert count(request.messages) <= 300
    text = request.messages[-1].content
    assert text.startswith("Before: They spoke of tents.\nCustomer: ")
    assert "question 100?" in text
    assert "question 1?" not in text
    assert request.max_tokens == 18


@pytest.mark.parametrize("gist", ["Ada asked again.", "They talked with Ada again!"])
def test_three_words_and_either_mark_are_a_sentence(gist: str) -> None:
    assert unfit(gist, Notes("Ada").text, (), ENGLISH) == ""


@pytest.mark.parametrize(("strange", "fits"), [("lanterns mirrors", True), ("lanterns mirrors puppets", False)])
def test_a_quarter_of_its_words_may_be_of_something_else(strange: str, fits: bool) -> None:
    known = "boots express delivery fell"
    more = "parcels invoices" if fits else "parcels"
    earlier = Notes(gist="About parcels and invoices.").text
    gist = f"{known} {more} {strange}.".capitalize()
    assert (unfit(gist, earlier, LEFT, ENGLISH) == "") is fits


def test_names_in_the_earlier_summary_may_be_used() -> None:
    assert unfit("They talked with Ada again.", Notes("Ada").text, (), ENGLISH) == ""
