"""A real browser over the application with scripted models; and the whole product as a process, with a real model
server as its cloud.
"""

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from bench.client import Client
from bench.processes import Served, cloud_server, firstline
from tests.e2e.cable import Cable, cable_to
from tests.e2e.desk import Desk, served

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
ARTEFACTS = Path("artefacts")
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 860},
    "phone": {"width": 390, "height": 780},
    "narrow": {"width": 320, "height": 640},
}
PATIENCE_MS = 60_000
"""A busy machine is slow, not wrong."""
LOG_LINES = 60
"""How much of a server's log goes with a failure."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is real."""
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.real)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure goes what the test's servers logged last."""
    report = yield
    if report.failed:
        for name, served in item.funcargs.items():
            if isinstance(served, Served):
                lines = served.log.read_text(errors="replace").splitlines()
                report.sections.append((f"Log of {name}, last lines", "\n".join(lines[-LOG_LINES:])))
    return report


@pytest.fixture(scope="session")
def cloud() -> Iterator[Served]:
    with cloud_server() as served:
        yield served


@pytest.fixture(scope="session")
def product(data_dir: Path, cloud: Served) -> Iterator[Served]:
    """Hybrid, with the cloud connected."""
    with firstline(data_dir, cloud) as served:
        yield served


@pytest.fixture
def client(product: Served) -> Iterator[Client]:
    client = Client(product.url)
    yield client
    client.close()


def chromium() -> str | None:
    """The path of an installed Chromium, or None to take Playwright's own."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A module's browser: while it is open, Playwright's own event loop keeps asyncio tests from running."""
    with sync_playwright() as playwright:
        path = chromium() or playwright.chromium.executable_path
        if not Path(path).exists():
            assert not os.environ.get("CI"), "CI must have a Chromium"
            pytest.skip("no Chromium on this machine; Debian: apt-get install chromium")
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser: no cookie, no storage."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One served application for all tests of the page; each has a browser, and so conversations, of its own."""
    with served(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture
def desk(shared_desk: Desk) -> Iterator[Desk]:
    """The served application; slow and held answers wait for this test."""
    shared_desk.gate.clear()
    yield shared_desk
    shared_desk.gate.set()


@pytest.fixture
def page(context: BrowserContext, desk: Desk) -> Iterator[Page]:
    """The chat page."""
    with opened(context, desk.url) as page:
        yield page


@pytest.fixture
def wire(desk: Desk) -> Iterator[Cable]:
    """A way to the application that can be cut."""
    with cable_to(desk.url) as cable:
        yield cable


@contextmanager
def opened(context: BrowserContext, url: str, *expected: str) -> Iterator[Page]:
    """The chat page at this address; a message in its console fails the test, unless it holds words expected of it."""
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(url)
    page.wait_for_selector('#connection[data-state="open"]')
    yield page
    expected += ("Failed to load resource", "htmx:ws:error")  # of tests that refuse or cut on purpose
    assert [words for words in said if not any(part in words for part in expected)] == []


def screenshot(page: Page, name: str, *, full_page: bool = False) -> None:
    """Keep a picture among the test artefacts."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=full_page)
