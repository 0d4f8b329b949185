"""Keys and focus: everything can be done without a mouse, and the focus never falls to the page."""

import pytest
from playwright.sync_api import Page, expect

from chatapp.web.views import deleted
from tests.e2e.acts import answered, focused, press, send
from tests.e2e.conftest import screenshot
from tests.e2e.desk import Desk

SOON_MS = 12_000
OFFERED_S = 2
"""So long a deletion is offered back where a test waits for the end of it."""


def test_the_focus_never_falls_to_the_page(page: Page, desk: Desk) -> None:
    page.fill("#text", "outside slow")
    press(page, "#send")
    expect(page.locator("#stop")).to_be_visible()
    assert focused(page) == "text"
    expect(page.locator(".answer")).to_contain_text("One")
    press(page, "#stop")
    answered(page, 1)
    assert focused(page) == "text"
    press(page, "[title='Good answer']")
    expect(page.locator("[title='Good answer']")).to_have_attribute("aria-pressed", "true")
    assert focused(page) == "Good answer"
    press(page, "[title='Answer again']")
    expect(page.locator("#stop")).to_be_visible()
    assert focused(page) == "text"
    desk.gate.set()
    answered(page, 1)
    assert focused(page) == "text"
    press(page, "[title='Light or dark']")
    assert focused(page) == "Light or dark"
    press(page, "[title='Copy']")
    assert focused(page) == "Copy"
    page.keyboard.press("Control+k")
    page.keyboard.type("outside")
    expect(page.locator("#rail-list li")).to_have_count(1)
    assert focused(page) == "find"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert focused(page) == "text"
    press(page, ".person summary")
    page.keyboard.press("Escape")
    expect(page.locator(".person[open]")).to_have_count(0)
    assert focused(page) == "SUMMARY"


def test_renaming_and_deleting_keep_the_focus_and_deleting_can_be_undone(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(page, "outside one", 1)
    more = "#rail-list li.current .act"
    press(page, more)
    page.keyboard.press("Tab")
    page.keyboard.type("Parcels")
    screenshot(page, "page-menu")
    page.keyboard.press("Enter")
    expect(page.locator("#rail-list li.current")).to_contain_text("Parcels")
    expect(page.locator(more)).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("#rail-list .menu:popover-open .danger").press("Enter")
    expect(page.locator("#undo")).to_be_focused()
    expect(page.locator("#rail-list li")).to_have_count(0)
    screenshot(page, "page-undo")
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_have_text("outside one")
    expect(page.locator("#text")).to_be_focused()
    monkeypatch.setattr(deleted, "OFFERED_S", OFFERED_S)
    press(page, more)
    page.locator("#rail-list .menu:popover-open .danger").press("Enter")
    expect(page.locator("#undo")).to_be_focused()
    expect(page.locator("#undo")).to_have_count(0, timeout=SOON_MS)
    assert focused(page) == "text"


def test_esc_closes_a_menu_and_stops_nothing(page: Page) -> None:
    send(page, "outside one", 1)
    send(page, "outside held")
    expect(page.locator("#stop")).to_be_visible()
    press(page, "#rail-list li.current .act")
    expect(page.locator(".menu:popover-open")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".menu:popover-open")).to_have_count(0)
    assert focused(page).startswith("more-")
    expect(page.locator("#stop")).to_be_visible()
    page.keyboard.press("Escape")
    answered(page, 2)


def test_the_list_on_a_phone_takes_the_focus_and_gives_it_back(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 780})
    press(page, "[data-rail-open]")
    assert page.evaluate("$('rail').contains(document.activeElement)")
    assert page.evaluate("document.querySelector('.main').inert")
    page.keyboard.press("Escape")
    expect(page.locator("[data-rail-open]")).to_be_focused()
    assert not page.evaluate("document.querySelector('.main').inert")


def test_every_control_is_reached_by_tab_in_the_order_of_the_page(page: Page) -> None:
    send(page, "outside one", 1)
    page.evaluate("document.activeElement.blur(); document.querySelector('.skip').focus()")
    walked = []
    for _ in range(40):
        walked.append(
            page.evaluate(
                "(document.activeElement.title || document.activeElement.innerText || document.activeElement.id).trim()"
            )
        )
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body || document.activeElement.className === 'skip'"):
            break
    wanted = [
        "Skip to writing",
        "New conversation",
        "find",
        "outside one",
        "Rename or delete “outside one”",
        "Light or dark",
    ]
    wanted += ["Copy", "Answer again", "Good answer", "Bad answer"]
    wanted += ["text", "Send (Enter)", "Talk to a person"]
    assert walked == wanted


def test_enter_that_ends_a_word_of_an_input_method_sends_nothing(page: Page) -> None:
    page.fill("#text", "outside にほん")
    for how in ("{ isComposing: true }", "{ keyCode: 229 }"):
        page.evaluate(f"text.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Enter', bubbles: true, ...{how} }}))")
    expect(page.locator("#text")).to_have_value("outside にほん")
    expect(page.locator(".turn")).to_have_count(0)


def test_keys_of_the_composer_and_the_list(page: Page) -> None:
    page.locator("body").click(position={"x": 700, "y": 300})
    page.keyboard.press("/")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    expect(page.locator("#text")).to_have_value("one\ntwo")
    page.keyboard.press("Control+k")
    expect(page.locator("#find")).to_be_focused()
