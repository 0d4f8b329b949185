"""Writing and what is written: drafts, limits, copies, conversations in the list, and what is shown and never run."""

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.acts import menu_of_this_one, press, send
from tests.e2e.conftest import opened, screenshot
from tests.e2e.desk import TOKEN, Desk


def test_a_paste_above_the_limit_stays_whole_and_is_counted(page: Page) -> None:
    page.evaluate("text.focus(); document.execCommand('insertText', false, '😀'.repeat(longest + 20))")
    expect(page.locator("#count")).to_have_text("20 characters too many")
    page.keyboard.press("Enter")
    expect(page.locator("#trouble")).to_contain_text("20 characters too long")
    expect(page.locator(".turn")).to_have_count(0)
    assert len(page.input_value("#text")) == page.evaluate("longest") + 20
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


def test_a_draft_survives_a_reload(page: Page) -> None:
    page.fill("#text", "half a thought")
    page.reload()
    expect(page.locator("#text")).to_have_value("half a thought")


def test_conversations_are_made_found_renamed_and_deleted(page: Page) -> None:
    send(page, "outside in boots", 1)
    page.click(".new button")
    expect(page.locator(".empty")).to_be_visible()
    send(page, "outside in shoes", 1)
    expect(page.locator("#rail-list li")).to_have_count(2)
    page.fill("#find", "boots")
    expect(page.locator("#rail-list li")).to_have_count(1)
    page.fill("#find", "")
    expect(page.locator("#rail-list li")).to_have_count(2)
    menu_of_this_one(page)
    page.fill("#rail-list .menu:popover-open input", "Parcels")
    page.click("#rail-list .menu:popover-open >> text=Rename")
    expect(page.locator("#rail-list li.current")).to_contain_text("Parcels")
    menu_of_this_one(page)
    page.click("#rail-list .menu:popover-open .danger")
    expect(page.locator("#rail-list li")).to_have_count(1)


def test_markup_is_shown_and_never_run(page: Page) -> None:
    send(page, "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>", 1)
    expect(page.locator(".said")).to_contain_text("<img src=x")
    assert "owned" not in page.title().replace("title='owned'", "")


def test_nothing_is_asked_of_another_origin(context: BrowserContext, desk: Desk) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    with opened(context, desk.url) as page:
        send(page, "outside rich", 1)
    assert asked
    assert all(url.startswith(desk.url) for url in asked)


def test_the_operator_page_needs_its_token(page: Page, desk: Desk) -> None:
    send(page, "outside the office", 1)
    page.goto(f"{desk.url}/ops")
    expect(page.locator("h1")).to_contain_text("for our own staff")
    page.fill("#token", "wrong")
    page.get_by_role("button", name="Open").click()
    expect(page.locator("main")).to_contain_text("That is not the operator token")
    page.fill("#token", TOKEN)
    page.get_by_role("button", name="Open").click()
    expect(page.locator(".figures").first).to_contain_text("cloud")
    expect(page.locator(".turns-table")).to_contain_text("outside the office")
