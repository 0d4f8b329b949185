"""How the page stands: in the window, on paper, in both directions of writing."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.acts import answered, send
from tests.e2e.conftest import opened, screenshot
from tests.e2e.desk import Desk


def is_at_end(page: Page) -> bool:
    return bool(page.evaluate("thread.scrollHeight - thread.scrollTop - thread.clientHeight < 48"))


def test_the_page_keeps_to_the_window_and_a_table_to_its_box(page: Page) -> None:
    for turn in range(1, 8):
        send(page, "outside rich", turn)
    page.emulate_media(reduced_motion="reduce")
    for width, height in ((1280, 860), (390, 780), (320, 640)):
        page.set_viewport_size({"width": width, "height": height})
        page.locator("#thread").evaluate("thread => { thread.scrollTop = 0; }")
        assert page.evaluate(
            "[document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]"
        ) == [0, 0]
        screenshot(page, f"page-long-{width}")
    box = page.locator(".table-box").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    for cell in ("Great Britain", "how long it takes"):
        words = page.get_by_text(re.compile(cell, re.IGNORECASE)).first
        assert words.evaluate("cell => getComputedStyle(cell).overflowWrap") == "normal"


def test_on_paper_stands_the_whole_conversation_and_nothing_to_press(page: Page) -> None:
    for turn in range(1, 6):
        send(page, "outside rich", turn)
    page.emulate_media(media="print")
    for gone in (".rail", ".composer", ".actions", ".connection"):
        expect(page.locator(gone).first).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollHeight > 2 * innerHeight")
    assert page.evaluate("getComputedStyle(thread).overflowY") == "visible"
    screenshot(page, "page-print", full_page=True)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 430)])
def test_a_first_visit_shows_its_heading(browser: Browser, desk: Desk, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height})
    with opened(context, desk.url) as page:
        expect(page.locator(".empty h2")).to_be_in_viewport(ratio=1)
        screenshot(page, f"page-first-{width}")
    context.close()


def test_what_is_sent_comes_into_sight_and_a_reader_is_left_alone(page: Page, desk: Desk) -> None:
    for turn in range(1, 5):
        send(page, "outside rich", turn)
    page.locator("#thread").evaluate("thread => { thread.scrollTop = 0; }")
    expect(page.locator("[data-to-end]")).to_be_visible()
    send(page, "outside slow")
    expect(page.locator(".said").last).to_be_in_viewport()
    expect(page.locator("#text")).to_have_value("")
    page.locator("#thread").evaluate("thread => { thread.scrollTop = 0; }")
    expect(page.locator("[data-to-end]")).to_be_visible()  # the page has seen that the reader left the end
    desk.gate.set()
    answered(page, 5)
    assert not is_at_end(page)
    page.click("[data-to-end]")
    assert is_at_end(page)


def test_text_runs_in_its_own_direction(page: Page) -> None:
    send(page, "outside rtl مرحبا", 1)
    assert page.locator(".answer ul").evaluate("one => getComputedStyle(one).direction") == "rtl"
    assert page.locator(".answer p").first.evaluate("one => getComputedStyle(one).direction") == "rtl"
    page.fill("#text", "שלום")
    assert page.locator("#text").evaluate("one => getComputedStyle(one).direction") == "rtl"
    screenshot(page, "page-rtl")
