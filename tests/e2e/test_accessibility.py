"""axe-core finds nothing to complain of, whatever the page shows, light and dark."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.desk import TOKEN, Desk, served
from tests.e2e.test_page import answered, screenshot, send


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with served(tmp_path_factory.mktemp("axe")) as desk:
        yield desk


def faults(page: Page, name: str) -> list[str]:
    """What axe-core finds in the page as it stands, of any impact; and a picture of it."""
    screenshot(page, f"axe-{name}")
    found = Axe().run(page).response["violations"]
    return [f"{name}: {one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_fault_of_accessibility(browser: Browser, desk: Desk, scheme: str) -> None:
    """One conversation serves every state."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 860},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(desk.url)
    page.wait_for_selector('#connection[data-state="open"]')
    found = faults(page, f"empty-{scheme}")
    send(page, "outside rich", 1)
    found += faults(page, f"answer-{scheme}")
    send(page, "outside fails", 2)
    found += faults(page, f"failure-{scheme}")
    page.click("#rail-list li.current .act")
    expect(page.locator(".menu:popover-open")).to_be_visible()
    found += faults(page, f"menu-{scheme}")
    page.keyboard.press("Escape")
    send(page, "outside held")
    expect(page.locator(".typing")).to_be_visible()
    found += faults(page, f"waiting-{scheme}")
    page.click("#stop")
    answered(page, 3)
    page.goto(f"{desk.url}/ops?token={TOKEN}")
    found += faults(page, f"ops-{scheme}")
    page.goto(f"{desk.url}/c/nowhere")
    found += faults(page, f"error-{scheme}")
    context.close()
    assert found == []
