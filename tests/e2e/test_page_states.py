"""The page while things happen: answers that run, wait, stop and fail; connections that are lost and come back."""

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.acts import answered, bar, menu_of_this_one, send
from tests.e2e.cable import Cable
from tests.e2e.conftest import opened, screenshot
from tests.e2e.desk import Desk, served

LOST = ("WebSocket connection to", "net::ERR")
SOON_MS = 12_000


def test_a_restart_is_told_once_and_loses_nothing(context: BrowserContext, tmp_path: Path) -> None:
    with served(tmp_path) as desk, opened(context, desk.url, *LOST) as page:
        send(page, "outside one", 1)
        desk.restart()
        expect(bar(page)).to_have_attribute("data-state", "back")
        expect(bar(page)).to_contain_text("Connected again")
        expect(page.locator("#announce")).to_have_text("Connected again.")
        screenshot(page, "page-back")
        expect(bar(page)).to_have_attribute("data-state", "open", timeout=SOON_MS)
        send(page, "outside two", 2)


def test_a_network_that_swallows_everything_is_noticed_and_the_message_kept(
    context: BrowserContext, wire: Cable
) -> None:
    with opened(context, wire.url, *LOST) as page:
        page.emulate_media(reduced_motion="reduce")
        wire.swallow()
        send(page, "outside one")
        expect(bar(page)).to_have_attribute("data-state", "doubt", timeout=6_000)
        expect(page.locator("#trouble")).to_contain_text("Not confirmed yet. Your message is kept")
        expect(page.locator("#text")).to_have_value("outside one")
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 700})
            expect(page.locator(".connection-words")).to_be_visible()
            screenshot(page, f"page-doubt-{width}")
        wire.mend()
        answered(page, 1)
        expect(page.locator(".said")).to_have_text("outside one")
        expect(page.locator("#text")).to_have_value("")


def test_a_lost_connection_is_seen_on_a_phone(context: BrowserContext, wire: Cable) -> None:
    with opened(context, wire.url, *LOST, "Failed to fetch") as page:
        page.emulate_media(reduced_motion="reduce")
        page.set_viewport_size({"width": 390, "height": 700})
        wire.cut()
        expect(page.locator(".connection-words")).to_be_visible()
        expect(page.locator(".connection-words")).to_have_text("Reconnecting…")
        screenshot(page, "page-lost-390")
        expect(page.locator("#trouble")).to_contain_text("cannot be reached", timeout=SOON_MS)
        wire.mend()
        expect(bar(page)).to_have_attribute("data-state", "back", timeout=SOON_MS)
        expect(page.locator("#trouble")).to_be_empty()


def test_a_second_try_that_fails_is_told_under_the_answer_that_stands(page: Page) -> None:
    send(page, "fails", 1)
    page.click(".act.wide")
    expect(page.locator(".foot")).to_contain_text("The earlier answer is kept.")
    expect(page.locator(".turn")).to_have_count(1)
    assert page.evaluate("document.activeElement.id") == "text"
    screenshot(page, "page-again-failed")


def test_what_is_stopped_before_its_first_word_says_so(page: Page) -> None:
    send(page, "outside held")
    expect(page.locator(".typing")).to_be_visible()
    screenshot(page, "page-waiting")
    page.keyboard.press("Escape")
    answered(page, 1)
    expect(page.locator(".answer")).to_have_text("Stopped before the first word.")
    screenshot(page, "page-stopped")


def test_one_can_write_on_while_an_answer_runs_and_sees_what_waits(page: Page, desk: Desk) -> None:
    send(page, "outside slow")
    expect(page.locator(".answer")).to_contain_text("One")
    expect(page.locator("#send")).to_be_visible()
    send(page, "outside second")
    expect(page.locator(".turn").nth(1)).to_contain_text("Your message waits for the answer before it.")
    expect(page.locator("#stop")).to_be_visible()
    send(page, "outside third")
    expect(page.locator(".turn").nth(2)).to_contain_text("Your message waits for the answer before it.")
    desk.gate.set()
    expect(page.locator(".turn").nth(1)).to_contain_text("Answered together with your next message.")
    expect(page.locator(".turn").nth(2).locator(".answer")).to_contain_text("One word")
    screenshot(page, "page-burst")


def test_the_tab_tells_what_it_holds_and_what_came(page: Page, desk: Desk) -> None:
    send(page, "outside slow")
    expect(page).to_have_title(re.compile("^… "))
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    desk.gate.set()
    answered(page, 1)
    expect(page).to_have_title(re.compile("^● outside slow · "))
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page).to_have_title(re.compile("^outside slow · "))


def test_a_lost_connection_is_told_and_made_good(context: BrowserContext, wire: Cable) -> None:
    with opened(context, wire.url, *LOST) as page:
        wire.cut()
        expect(bar(page)).to_have_attribute("data-state", "lost")
        send(page, "outside one")
        expect(page.locator("#trouble")).to_contain_text("Your message is kept here")
        expect(page.locator("#text")).to_have_value("outside one")
        wire.mend()
        expect(bar(page)).to_have_attribute("data-state", "open", timeout=SOON_MS)
        answered(page, 1)
        expect(page.locator(".turn")).to_have_count(1)
        expect(page.locator("#text")).to_have_value("")


def test_reload_and_a_second_tab_lose_nothing_and_repeat_nothing(
    context: BrowserContext, page: Page, desk: Desk
) -> None:
    send(page, "outside slow")
    expect(page.locator(".answer")).to_contain_text("One")
    page.reload()
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator(".answer")).to_contain_text("One")
    other = context.new_page()
    other.goto(page.url)
    expect(other.locator(".turn")).to_have_count(1)
    desk.gate.set()
    answered(page)
    answered(other)
    assert page.inner_text(".answer") == other.inner_text(".answer")
    send(other, "outside two")
    answered(page, 2)
    answered(other, 2)


def test_an_answer_stopped_before_its_first_word_leaves_the_older_one(page: Page, desk: Desk) -> None:
    desk.gate.set()
    send(page, "outside held", 1)
    desk.gate.clear()
    page.click("[title='Answer again']")
    expect(page.locator("#stop")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#send")).to_be_visible()
    answered(page, 1)
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator(".answer")).to_contain_text("One word after the other")
    send(page, "outside two", 2)


def test_a_deleted_conversation_is_gone_in_every_window(context: BrowserContext, page: Page) -> None:
    send(page, "outside held")
    expect(page.locator("#stop")).to_be_visible()
    other = context.new_page()
    other.goto(page.url)
    menu_of_this_one(other)
    other.click("#rail-list .menu:popover-open .danger")
    expect(page.locator("#trouble")).to_contain_text("no longer there")
    expect(bar(page)).to_have_attribute("data-state", "lost")
