"""Local-only, with a cloud set and someone listening at its address."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from bench.local_only import measure
from bench.processes import firstline
from tests.e2e.conftest import PATIENCE_MS, screenshot


@pytest.fixture(scope="module")
def report(data_dir: Path) -> dict[str, object]:
    return measure(data_dir, 40)


def test_nothing_reaches_the_cloud(report: dict[str, object]) -> None:
    assert report["connections_to_the_cloud"] == 0
    assert report["cloud"] == {"state": "forbidden"}
    assert set(report["ends"]) <= {"finished local", "finished abstain"}  # type: ignore[call-overload]
    assert len(report["ends"]) == 2  # type: ignore[arg-type]


def test_the_fences_stand(report: dict[str, object]) -> None:
    fences = report["fences"]
    assert isinstance(fences, dict)
    assert fences["audit_hook"] is True
    assert fences["loop"] == "asyncio"


def test_the_page_says_so_and_offers_no_cloud(data_dir: Path, browser: Browser) -> None:
    with firstline(data_dir, mode="local-only", cloud_api_key="sk-x") as served:
        assert httpx.get(f"{served.url}/healthz").json()["mode"] == "local-only"
        context = browser.new_context()
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(served.url)
        expect(page.locator(".mode")).to_contain_text("nothing leaves our own computers")
        page.fill("#text", "write me a sonnet about cheese")
        page.press("#text", "Enter")
        expect(page.locator(".answer")).to_contain_text("I can't answer that here")
        expect(page.locator(".why summary")).to_contain_text("not answered")
        expect(page.get_by_text("Ask the cloud")).to_have_count(0)
        screenshot(page, "local-only")
        context.close()
