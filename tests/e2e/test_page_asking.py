"""Asked back, and in danger: what a browser shows, and what a person does then."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.acts import answered, send
from tests.e2e.conftest import opened, screenshot
from tests.e2e.desk import Desk, served

FIRST, SECOND = "When the boats leave", "What a ticket costs"


def buttons(page: Page) -> list[str]:
    return page.locator(".options:visible button").all_text_contents()


def test_a_question_back_is_answered_by_a_button_and_the_draft_is_kept(page: Page) -> None:
    send(page, "torn between two", 1)
    expect(page.locator(".answer").last).to_contain_text("I am not sure which of these you mean.")
    assert buttons(page) == [FIRST, SECOND]
    screenshot(page, "page-asked")
    page.fill("#text", "half a thought")
    page.get_by_role("button", name=SECOND).click()
    answered(page, 2)
    expect(page.locator(".said").last).to_have_text(SECOND)
    expect(page.locator("#text")).to_have_value("half a thought")
    assert buttons(page) == [], "an answered question offers nothing more"
    expect(page.locator(".offered:visible li")).to_have_text([FIRST, SECOND])
    screenshot(page, "page-asked-answered")
    page.reload()
    assert buttons(page) == []


def test_a_question_back_is_answered_by_words(page: Page) -> None:
    send(page, "torn between two", 1)
    page.reload()
    assert buttons(page) == [FIRST, SECOND]
    send(page, "the second one", 2)
    expect(page.locator(".answer").last).to_contain_text("A single costs 4 pounds")


def test_without_scripts_the_buttons_work_too(browser: Browser, desk: Desk) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(desk.url)
    page.fill("#text", "torn between two")
    page.click("#send")
    page.reload()
    page.get_by_role("button", name=SECOND).click()
    page.reload()
    expect(page.locator(".said").last).to_have_text(SECOND)
    context.close()


@pytest.mark.parametrize("mode", ["hybrid", "local-only"])
def test_danger_in_either_mode(browser: Browser, tmp_path_factory: pytest.TempPathFactory, mode: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 780})
    with served(tmp_path_factory.mktemp(mode), mode=mode) as desk, opened(context, desk.url) as page:
        send(page, "there is fire in my tent", 1)
        expect(page.locator(".answer").last).to_contain_text("Get out first.")
        expect(page.locator(".answer a[href='tel:112']")).to_have_count(1)
        expect(page.get_by_text("Ask an outside AI")).to_have_count(0)
        screenshot(page, f"page-danger-{mode}")
    context.close()
