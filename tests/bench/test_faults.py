"""The faults that a bench plays to the product: each reaches the real client, and what is held against it can fail."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from bench.faults.account import apart, of_ledger, of_provider
from bench.faults.plays import WHOLE
from bench.faults.product import Heard
from bench.faults.providers import BEHAVIOURS, plays
from bench.faults.rows import Row, cells, leaks
from bench.faults.server import Account, Provider, provider
from chatapp.backends.base import ChatMessage, Request
from chatapp.backends.cloud.backend import CloudBackend
from chatapp.errors import ProviderError
from chatapp.settings import Settings

LONGEST_S, AT_ONCE = 60, 12


@pytest.fixture
def server() -> Iterator[Provider]:
    with provider(plays()) as server:
        yield server


@asynccontextmanager
async def client(server: Provider) -> AsyncIterator[CloudBackend]:
    """The real client of this server."""
    quick = {"cloud_connect_timeout_s": 1, "cloud_first_token_timeout_s": 2, "cloud_total_timeout_s": 3}
    backend = CloudBackend(Settings(cloud_base_url=server.url(), cloud_api_key="sk-test", cloud_model="m", **quick))
    yield backend
    await backend.aclose()


async def told(backend: CloudBackend, name: str) -> str:
    """What the real client makes of one behaviour: the text, or the class of the error."""
    request = Request((ChatMessage("user", f"I complain. Reference: zz-{name}."),), max_tokens=100)
    try:
        return "".join([token.text async for token in backend.stream(request)])
    except ProviderError as error:
        return type(error).__name__


async def test_every_behaviour_is_an_answer_or_an_error_to_the_real_client(server: Provider) -> None:
    async with asyncio.timeout(LONGEST_S), client(server) as backend:
        turnstile = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> str:
            async with turnstile:
                return await told(backend, name)

        results = await asyncio.gather(*map(one, BEHAVIOURS))
    assert all(results)
    assert dict(zip(BEHAVIOURS, results, strict=True))["plain"] == WHOLE
    assert {account.behaviour for account in server.accounts} == BEHAVIOURS.keys()


async def test_the_account_is_what_the_client_was_told(server: Provider) -> None:
    async with client(server) as backend:
        await told(backend, "usage_cached")
    (account,) = server.accounts
    assert (account.billed, account.told, account.cached_tokens) == (True, True, 32)
    booked = {"input_tokens": account.input_tokens, "output_tokens": account.output_tokens, "cached_tokens": 32}
    assert apart(of_ledger([booked | {"estimated": False}]), of_provider([account])) == []
    assert apart(of_ledger([booked | {"estimated": False, "output_tokens": 1}]), of_provider([account]))
    assert apart(of_ledger([]), of_provider([account]))


async def test_what_is_refused_costs_nothing(server: Provider) -> None:
    async with client(server) as backend:
        assert await told(backend, "s401") == "ProviderAuthError"
    assert of_provider(server.accounts).input_tokens == 0


def test_an_estimate_may_be_near_and_no_more() -> None:
    served = [Account("m", "cut", input_tokens=100, output_tokens=50, billed=True)]
    booked = {"cached_tokens": 0, "estimated": True}
    assert apart(of_ledger([booked | {"input_tokens": 120, "output_tokens": 42}]), of_provider(served)) == []
    assert len(apart(of_ledger([booked | {"input_tokens": 200, "output_tokens": 10}]), of_provider(served))) == 2


def test_what_a_client_cannot_know_may_be_booked_or_not() -> None:
    lost = [Account("m", "lost", prompt_tokens=100, dark=True), Account("m", "lost", 100, 100, 20, billed=True)]
    for booked in (100, 200):
        ledger = of_ledger([{"input_tokens": booked, "output_tokens": 20, "cached_tokens": 0, "estimated": True}])
        assert apart(ledger, of_provider(lost)) == []
    assert apart(
        of_ledger([{"input_tokens": 400, "output_tokens": 20, "cached_tokens": 0, "estimated": True}]),
        of_provider(lost),
    )


def test_what_no_customer_may_read_is_found() -> None:
    assert leaks(["Set FIRSTLINE_CLOUD_API_KEY.", "Ask http://x"]) == ["FIRSTLINE_", "http://"]
    assert leaks(["Your message is kept. Call 0800 123."]) == []


def test_all_that_a_window_was_told_counts() -> None:
    frames = [
        {"type": "notice", "text": "In line."},
        {"type": "failed", "what": "No answer.", "hint": "Try again.", "turn_id": 3},
    ]
    heard = Heard(frames)
    assert (heard.told, heard.turn_id, heard.end["type"]) == (["In line.", "No answer. Try again."], 3, "failed")


def test_a_row_says_what_is_wrong_with_it() -> None:
    row = Row("cut", "ends | early")
    assert cells(row)[-1] == "ok"
    row.check(False, "told nothing")
    assert cells(row)[0] == "`cut` ends \\| early"
    assert cells(row)[-1] == "told nothing"
