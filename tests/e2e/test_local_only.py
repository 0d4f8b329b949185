"""Local-only, with a cloud set and someone listening at its address: one server for all that is asked of it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from bench.local_only import Listener, converse, listening, mixed_messages
from bench.processes import Served, firstline
from tests.e2e.conftest import PATIENCE_MS, screenshot

MESSAGES = 40


@dataclass
class Closed:
    """A server in local-only mode, and who listens where it was told that a cloud is."""

    served: Served
    listener: Listener
    ends: dict[str, int]


@pytest.fixture(scope="module")
def closed(data_dir: Path) -> Iterator[Closed]:
    with listening() as listener:
        cloud = f"http://127.0.0.1:{listener.port}/v1"
        with firstline(data_dir, mode="local-only", cloud_base_url=cloud, cloud_api_key="sk-loopback") as served:
            ends = asyncio.run(converse(served, mixed_messages(MESSAGES)))
            yield Closed(served, listener, dict(ends))


def test_nothing_reaches_the_cloud(closed: Closed) -> None:
    health = httpx.get(f"{closed.served.url}/healthz").json()
    assert closed.listener.connections == 0
    assert health["cloud"] == {"state": "forbidden"}
    assert set(closed.ends) == {"finished local", "finished abstain"}
    assert sum(closed.ends.values()) == MESSAGES


def test_the_fences_stand(closed: Closed) -> None:
    fences = httpx.get(f"{closed.served.url}/healthz").json()["fences"]
    assert fences["audit_hook"] is True
    assert fences["loop"] == "asyncio"


def test_the_page_says_so_and_offers_no_cloud(closed: Closed, browser: Browser) -> None:
    assert httpx.get(f"{closed.served.url}/healthz").json()["mode"] == "local-only"
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(closed.served.url)
    expect(page.locator(".mode")).to_contain_text("nothing leaves our own computers")
    page.fill("#text", "write me a sonnet about cheese")
    page.press("#text", "Enter")
    expect(page.locator(".answer")).to_contain_text("I can't answer that here")
    expect(page.locator(".why summary")).to_contain_text("not answered")
    expect(page.get_by_text("Ask the cloud")).to_have_count(0)
    screenshot(page, "local-only")
    context.close()
    assert closed.listener.connections == 0
