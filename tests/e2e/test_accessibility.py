"""axe-core finds nothing to complain of, whatever the page shows, light and dark, and a picture is kept of each."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.acts import answered, send
from tests.e2e.conftest import PATIENCE_MS, screenshot
from tests.e2e.desk import TOKEN, Desk


def faults(page: Page, name: str) -> list[str]:
    """What axe-core finds in the page as it stands, of any impact, light and dark; and a picture of each."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        screenshot(page, f"axe-{name}-{scheme}")
        for one in Axe().run(page).response["violations"]:
            found += [f"{name}, {scheme}: {one['id']}: {node['html'][:160]}" for node in one["nodes"]]
    return found


def test_no_page_has_a_fault_of_accessibility(browser: Browser, desk: Desk) -> None:
    """One conversation serves every state."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, bypass_csp=True, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(desk.url)
    page.wait_for_selector('#connection[data-state="open"]')
    found = faults(page, "empty")
    send(page, "outside rich", 1)
    found += faults(page, "answer")
    send(page, "outside fails", 2)
    found += faults(page, "failure")
    page.click("#rail-list li.current .act")
    expect(page.locator(".menu:popover-open")).to_be_visible()
    found += faults(page, "menu")
    page.keyboard.press("Escape")
    send(page, "outside held")
    expect(page.locator(".typing")).to_be_visible()
    found += faults(page, "waiting")
    page.click("#stop")
    answered(page, 3)
    page.goto(f"{desk.url}/ops?token={TOKEN}")
    found += faults(page, "ops")
    page.goto(f"{desk.url}/c/nowhere")
    found += faults(page, "error")
    context.close()
    assert found == []
