"""A person's conversation with the real product in a real browser, with pictures kept as artefacts."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from bench.processes import OPERATOR_TOKEN, Served
from tests.e2e.acts import answered, send
from tests.e2e.conftest import SIZES, opened, screenshot

QUESTION = "How many days do I have to send boots back?"
TALK = (QUESTION, "do you ship to Norway, and what does it cost?", "you people are useless")
OUTSIDE = "Write me a long poem about the sea and the moon, at least thirty lines"


@pytest.fixture
def page(context: BrowserContext, product: Served) -> Iterator[Page]:
    """The real product's chat page."""
    with opened(context, product.url) as page:
        yield page


def test_a_message_is_answered_here(page: Page) -> None:
    send(page, QUESTION, 1)
    expect(page.locator(".answer")).to_contain_text("60")
    expect(page.locator(".why summary")).to_contain_text("answered here")
    expect(page.locator("#text")).to_have_value("")
    expect(page).to_have_url(re.compile("/c/"))
    page.click(".why summary")
    expect(page.locator(".reasons")).to_contain_text("returns", ignore_case=True)
    expect(page.locator(".calls")).to_contain_text("answer")
    expect(page.locator("#rail-list")).to_contain_text("How many days")
    expect(page.locator("#announce")).to_contain_text("60")


def test_an_answer_streams_and_stops(page: Page) -> None:
    send(page, OUTSIDE)
    expect(page.locator("#stop")).to_be_visible()
    expect(page.locator(".answer")).to_have_text(re.compile(r"\w+\s+\w+"))
    page.keyboard.press("Escape")
    answered(page)
    expect(page.locator(".turn")).to_have_attribute("data-state", "stopped")
    expect(page.locator("#send")).to_be_visible()
    screenshot(page, "chat-stopped")
    send(page, QUESTION, 2)


def test_ask_the_cloud_again_and_thumbs(page: Page) -> None:
    send(page, QUESTION, 1)
    page.click("text=Ask the cloud")
    expect(page.locator(".why summary")).to_contain_text("asked the cloud")
    expect(page.locator(".turn")).to_have_count(1)
    page.click("[title='Good answer']")
    expect(page.locator("[title='Good answer']")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("[title='Good answer']")).to_have_attribute("aria-pressed", "true")
    page.click("[title='Answer again']")
    expect(page.locator(".why summary")).to_contain_text("answered here")
    expect(page.locator(".turn")).to_have_count(1)


def test_pictures_of_one_conversation(page: Page, product: Served) -> None:
    """Every size of window and both colour schemes, none of which scrolls sideways."""
    pictures(page, "empty")
    for turn, text in enumerate(
        (QUESTION, "do you ship to Norway, and what does it cost?", "you people are useless"), 1
    ):
        send(page, text, turn)
    pictures(page, "chat")
    page.locator(".why summary").nth(1).click()
    expect(page.locator(".calls")).to_be_visible()
    pictures(page, "why")
    page.goto(f"{product.url}/ops?token={OPERATOR_TOKEN}")
    expect(page.locator(".turns-table")).to_contain_text(QUESTION)
    pictures(page, "ops")


def pictures(page: Page, name: str) -> None:
    """The page as it stands, at every size, light and dark."""
    for device, size in SIZES.items():
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            screenshot(page, f"{device}-{scheme}-{name}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, device)
