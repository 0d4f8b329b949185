"""A person's conversation in a real browser, with pictures kept as artefacts."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bench.processes import OPERATOR_TOKEN, Served
from tests.e2e.cable import Cable
from tests.e2e.conftest import PATIENCE_MS, opened, screenshot

QUESTION = "How many days do I have to send boots back?"
OUT_OF_SCOPE = "Write me a long poem about the sea and the moon, at least thirty lines"


def send(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")


def answered(page: Page, turns: int = 1) -> None:
    expect(page.locator(".turn .why")).to_have_count(turns)


def test_a_message_is_answered_here(page: Page) -> None:
    screenshot(page, "chat-empty")
    send(page, QUESTION)
    answered(page)
    expect(page.locator(".answer")).to_contain_text("60")
    expect(page.locator(".why summary")).to_contain_text("answered here")
    expect(page.locator("#text")).to_have_value("")
    expect(page).to_have_url(re.compile("/c/"))
    page.click(".why summary")
    expect(page.locator(".reasons")).to_contain_text("returns", ignore_case=True)
    expect(page.locator(".calls")).to_contain_text("answer")
    expect(page.locator("#rail-list")).to_contain_text("How many days")
    expect(page.locator("#announce")).to_contain_text("60")
    screenshot(page, "chat-answered")


def test_an_answer_streams_and_stops(page: Page) -> None:
    send(page, OUT_OF_SCOPE)
    expect(page.locator("#stop")).to_be_visible()
    expect(page.locator(".answer")).to_have_text(re.compile(r"\w+\s+\w+"))
    page.keyboard.press("Escape")
    answered(page)
    expect(page.locator(".turn")).to_have_attribute("data-state", "stopped")
    expect(page.locator("#send")).to_be_visible()
    screenshot(page, "chat-stopped")
    send(page, QUESTION)
    answered(page, 2)


def test_reload_and_a_second_tab_lose_nothing_and_repeat_nothing(context: BrowserContext, page: Page) -> None:
    send(page, OUT_OF_SCOPE)
    expect(page.locator("#stop")).to_be_visible()
    page.reload()
    expect(page.locator(".turn")).to_have_count(1)
    other = context.new_page()
    other.goto(page.url)
    expect(other.locator(".turn")).to_have_count(1)
    answered(page)
    answered(other)
    assert page.inner_text(".answer") == other.inner_text(".answer")
    send(other, QUESTION)
    answered(page, 2)
    answered(other, 2)


def test_a_lost_connection_is_told_and_made_good(context: BrowserContext, cable: Cable) -> None:
    with opened(context, cable.url, "WebSocket connection to") as page:
        cable.cut()
        expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
        send(page, QUESTION)
        expect(page.locator("#trouble")).to_contain_text("Your message is kept here")
        expect(page.locator("#text")).to_have_value(QUESTION)
        cable.mend()
        expect(page.locator("#connection")).to_have_attribute("data-state", "open")
        answered(page)
        expect(page.locator(".turn")).to_have_count(1)
        expect(page.locator("#text")).to_have_value("")


def test_a_draft_survives_a_reload(page: Page) -> None:
    page.fill("#text", "half a thought")
    page.reload()
    expect(page.locator("#text")).to_have_value("half a thought")


def test_conversations_are_made_found_renamed_and_deleted(page: Page) -> None:
    send(page, QUESTION)
    answered(page)
    page.click(".new button")
    expect(page.locator(".empty")).to_be_visible()
    send(page, "how much is express delivery")
    answered(page)
    expect(page.locator("#rail-list li")).to_have_count(2)
    page.fill("#find", "boots")
    expect(page.locator("#rail-list li")).to_have_count(1)
    page.fill("#find", "")
    expect(page.locator("#rail-list li")).to_have_count(2)
    page.hover("#rail-list li.current")
    page.click("#rail-list li.current .act")
    page.fill("#rail-list .menu:popover-open input", "Parcels")
    page.click("#rail-list .menu:popover-open >> text=Rename")
    expect(page.locator("#rail-list li.current")).to_contain_text("Parcels")
    page.hover("#rail-list li.current")
    page.click("#rail-list li.current .act")
    page.click("#rail-list .menu:popover-open .danger")
    expect(page.locator("#rail-list li")).to_have_count(1)


def test_ask_the_cloud_again_and_thumbs(page: Page) -> None:
    send(page, QUESTION)
    answered(page)
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


def test_markup_is_shown_and_never_run(page: Page) -> None:
    send(page, "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>")
    expect(page.locator(".said")).to_contain_text("<img src=x")
    answered(page)
    assert page.title() != "owned"


def test_too_long_a_message_is_explained_and_kept(page: Page) -> None:
    page.evaluate("document.querySelector('#text').removeAttribute('maxlength')")
    send(page, "x" * 9_000)
    expect(page.locator("#trouble")).to_contain_text("too long")
    assert len(page.input_value("#text")) == 9_000


def test_an_answer_stopped_before_its_first_word_leaves_the_older_one(page: Page) -> None:
    send(page, QUESTION)
    answered(page)
    page.click("[title='Answer again']")
    expect(page.locator("#stop")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#send")).to_be_visible()
    answered(page)
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator(".answer")).to_contain_text("60")
    send(page, "how much is express delivery?")
    answered(page, 2)


def test_a_deleted_conversation_is_gone_in_every_window(context: BrowserContext, page: Page) -> None:
    send(page, OUT_OF_SCOPE)
    expect(page.locator("#stop")).to_be_visible()
    other = context.new_page()
    other.goto(page.url)
    other.hover("#rail-list li.current")
    other.click("#rail-list li.current .act")
    other.click("#rail-list .menu:popover-open .danger")
    expect(page.locator("#trouble")).to_contain_text("no longer there")
    expect(page.locator("#connection")).to_have_attribute("data-state", "lost")


def test_keys(page: Page) -> None:
    page.locator("body").click(position={"x": 700, "y": 300})
    page.keyboard.press("/")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    expect(page.locator("#text")).to_have_value("one\ntwo")
    page.keyboard.press("Control+k")
    expect(page.locator("#find")).to_be_focused()


def test_nothing_is_asked_of_another_origin(context: BrowserContext, product: Served) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(product.url)
    page.wait_for_selector('#connection[data-state="open"]')
    assert asked
    assert all(url.startswith(product.url) for url in asked)


def test_the_operator_page_needs_its_token(page: Page, product: Served) -> None:
    send(page, QUESTION)
    answered(page)
    page.goto(f"{product.url}/ops")
    expect(page.locator("h1")).to_contain_text("for our own staff")
    page.fill("#token", "wrong")
    page.get_by_role("button", name="Open").click()
    expect(page.locator("main")).to_contain_text("That is not the operator token")
    page.fill("#token", OPERATOR_TOKEN)
    page.get_by_role("button", name="Open").click()
    expect(page.locator(".figures").first).to_contain_text("local")
    expect(page.locator(".turns-table")).to_contain_text(QUESTION)
    screenshot(page, "ops")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("device", "width", "height"), [("desktop", 1280, 860), ("phone", 390, 780), ("narrow", 320, 640)]
)
def test_pictures(browser: Browser, product: Served, scheme: str, device: str, width: int, height: int) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        has_touch=device != "desktop",  # type: ignore[arg-type]
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(product.url)
    page.wait_for_selector('#connection[data-state="open"]')
    screenshot(page, f"{device}-{scheme}-empty")
    for turn, text in enumerate(
        (QUESTION, "do you ship to Norway, and what does it cost?", "you people are useless"), 1
    ):
        send(page, text)
        answered(page, turn)
    screenshot(page, f"{device}-{scheme}-chat")
    page.locator(".why summary").nth(1).click()
    expect(page.locator(".calls")).to_be_visible()
    screenshot(page, f"{device}-{scheme}-why")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{product.url}/ops?token={OPERATOR_TOKEN}")
    expect(page.locator(".turns-table")).to_be_visible()
    screenshot(page, f"{device}-{scheme}-ops")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
