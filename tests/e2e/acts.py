"""What a person does on the page, and waits for."""

from playwright.sync_api import Locator, Page, expect


def send(page: Page, text: str, turns: int = 0) -> None:
    """Write and send; with `turns`, wait until so many are answered."""
    page.fill("#text", text)
    page.press("#text", "Enter")
    if turns:
        answered(page, turns)


def answered(page: Page, turns: int = 1) -> None:
    """Wait until so many turns are answered, and none runs."""
    expect(page.locator(".turn .actions")).to_have_count(turns)
    expect(page.locator("#stop")).to_have_count(0)


def bar(page: Page) -> Locator:
    """Where the page says whether it is connected."""
    return page.locator("#connection")


def focused(page: Page) -> str:
    """The id or title of what has the focus."""
    return str(
        page.evaluate("document.activeElement.id || document.activeElement.title || document.activeElement.tagName")
    )


def press(page: Page, selector: str, key: str = "Enter") -> None:
    """Press a control as the keyboard does."""
    page.locator(selector).last.focus()
    page.keyboard.press(key)


def menu_of_this_one(page: Page) -> None:
    """Open the menu of the conversation at hand, with the mouse."""
    page.hover("#rail-list li.current")
    page.click("#rail-list li.current .act")
