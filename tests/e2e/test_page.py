"""The page in every state, in a real browser, over the whole application with scripted models."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.cable import Cable, cable_to
from tests.e2e.conftest import opened, screenshot
from tests.e2e.desk import Desk, served

LOST = ("WebSocket connection to", "net::ERR")
SOON_MS = 12_000
PATIENCE_MS = 20_000
"""No model works here."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    expect.set_options(timeout=PATIENCE_MS)
    with served(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture
def page(context: BrowserContext, desk: Desk) -> Iterator[Page]:
    with opened(context, desk.url) as page:
        yield page


@pytest.fixture
def wire(desk: Desk) -> Iterator[Cable]:
    with cable_to(desk.url) as cable:
        yield cable


def send(page: Page, text: str, turns: int = 0) -> None:
    """Write and send; with `turns`, wait until so many are answered."""
    page.fill("#text", text)
    page.press("#text", "Enter")
    if turns:
        answered(page, turns)


def answered(page: Page, turns: int) -> None:
    expect(page.locator(".turn .actions")).to_have_count(turns)
    expect(page.locator("#stop")).to_have_count(0)


def is_at_end(page: Page) -> bool:
    return bool(page.evaluate("thread.scrollHeight - thread.scrollTop - thread.clientHeight < 48"))


def bar(page: Page) -> Locator:
    return page.locator("#connection")


# Layout


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
    page.screenshot(path="artefacts/page-print.png", full_page=True)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 430)])
def test_a_first_visit_shows_its_heading(browser: Browser, desk: Desk, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height})
    with opened(context, desk.url) as page:
        expect(page.locator(".empty h2")).to_be_in_viewport(ratio=1)
        screenshot(page, f"page-first-{width}")
    context.close()


def test_what_is_sent_comes_into_sight_and_a_reader_is_left_alone(page: Page) -> None:
    for turn in range(1, 5):
        send(page, "outside rich", turn)
    page.locator("#thread").evaluate("thread => { thread.scrollTop = 0; }")
    expect(page.locator("[data-to-end]")).to_be_visible()
    send(page, "outside slow")
    expect(page.locator(".said").last).to_be_in_viewport()
    expect(page.locator("#text")).to_have_value("")
    page.locator("#thread").evaluate("thread => { thread.scrollTop = 0; }")
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


# States


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


def test_one_can_write_on_while_an_answer_runs_and_sees_what_waits(page: Page) -> None:
    send(page, "outside slow")
    expect(page.locator(".answer")).to_contain_text("One")
    expect(page.locator("#send")).to_be_visible()
    send(page, "outside second")
    expect(page.locator(".turn").nth(1)).to_contain_text("Your message waits for the answer before it.")
    expect(page.locator("#stop")).to_be_visible()
    send(page, "outside third")
    expect(page.locator(".turn").nth(1)).to_contain_text("Answered together with your next message.")
    expect(page.locator(".turn").nth(2).locator(".answer")).to_contain_text("One word")
    screenshot(page, "page-burst")


def test_the_tab_tells_what_it_holds_and_what_came(page: Page) -> None:
    send(page, "outside slow")
    expect(page).to_have_title(re.compile("^… "))
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    answered(page, 1)
    expect(page).to_have_title(re.compile("^● outside slow · "))
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page).to_have_title(re.compile("^outside slow · "))


# Keys and focus


def focused(page: Page) -> str:
    """The id or title of what has the focus."""
    return str(
        page.evaluate("document.activeElement.id || document.activeElement.title || document.activeElement.tagName")
    )


def press(page: Page, selector: str, key: str = "Enter") -> None:
    """Press a control as the keyboard does."""
    page.locator(selector).last.focus()
    page.keyboard.press(key)


def test_the_focus_never_falls_to_the_page(page: Page) -> None:
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


def test_renaming_and_deleting_keep_the_focus_and_deleting_can_be_undone(page: Page) -> None:
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


# Writing


def test_a_paste_above_the_limit_stays_whole_and_is_counted(page: Page) -> None:
    page.evaluate("text.focus(); document.execCommand('insertText', false, '😀'.repeat(longest + 20))")
    expect(page.locator("#count")).to_have_text("20 characters too many")
    page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_contain_text("20 characters too long")
    expect(page.locator(".turn")).to_have_count(0)
    screenshot(page, "page-too-long")
    page.evaluate("text.value = text.value.slice(0, -80); text.dispatchEvent(new Event('input'))")
    expect(page.locator("#count")).to_be_hidden()
    expect(page.locator("#trouble")).to_be_empty()


WITHOUT_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"


def test_copying_works_without_a_clipboard_and_says_when_it_does_not(context: BrowserContext, desk: Desk) -> None:
    context.add_init_script(WITHOUT_CLIPBOARD)
    with opened(context, desk.url) as page:
        send(page, "outside one", 1)
        page.evaluate("document.addEventListener('copy', () => { window.copied = getSelection().toString(); })")
        press(page, "[title='Copy']")
        expect(page.locator("[data-copy][data-done]")).to_have_count(1)
        assert page.evaluate("window.copied").startswith("One word after the other")
        screenshot(page, "page-copied")
        page.evaluate("document.execCommand = () => false")
        press(page, "[title='Copy']")
        expect(page.locator("#trouble")).to_contain_text("press Ctrl C")
        assert page.evaluate("getSelection().toString()").startswith("One word after the other")


def test_without_scripts_a_message_is_sent_and_answered(browser: Browser, desk: Desk) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.goto(desk.url)
    page.fill("#text", "outside one")
    page.click("#send")
    assert "?" not in page.url
    page.reload()
    expect(page.locator(".answer")).to_contain_text("One word after the other")
    screenshot(page, "page-plain")
    context.close()
