"""The chat page of one user's conversation, whole and in the fragments that keep it up to date."""

from dataclasses import replace

from markupsafe import Markup, escape

from chatapp.assembly.product import Product
from chatapp.errors import NotFoundError
from chatapp.store import Exchange
from chatapp.turn.events import Failed, Finished, Reader, Started
from chatapp.web.deleted import DeletedView
from chatapp.web.sources import Sources
from chatapp.web.templates import Templates
from chatapp.web.views import (
    ModeView,
    NoticeView,
    Thread,
    TurnView,
    finished_view,
    live_view,
    mode_view,
    person_line,
    why_view,
)

TITLE_OF_NEW = "New conversation"


class Pages:
    """What every page needs; `of` gives the page of one conversation."""

    def __init__(self, product: Product, templates: Templates) -> None:
        self.product, self.templates = product, templates
        self.settings, self.store, self.runner, self.pack = (
            product.settings,
            product.store,
            product.runner,
            product.pack,
        )
        pack = product.pack
        self.titles = {category.key: category.title for category in pack.categories}
        self.sources = Sources(pack)

    def mode(self, reader: Reader) -> ModeView:
        """What the bar says of the mode."""
        return mode_view(self.settings.mode, self.runner.cloud_connected, reader)

    def of(self, user_id: str, conversation_id: str, reader: Reader = Reader.CUSTOMER) -> "ChatPage":
        """The page of one conversation as its reader sees it."""
        return ChatPage(self, user_id, conversation_id, reader)

    def finished(self, exchange: Exchange, reader: Reader) -> TurnView:
        """A stored turn as its reader sees it."""
        return finished_view(exchange, self.sources.under(exchange, reader), self._thread(reader))

    def read(self, exchange: Exchange) -> TurnView:
        """A stored turn for the operator to read only, with why it came about."""
        thread = replace(self._thread(Reader.OPERATOR), read_only=True)
        sources, because = self.sources.under(exchange, thread.reader), Markup(self.why(exchange))  # noqa: S704 - a template's
        return finished_view(exchange, sources, thread, because)

    def _thread(self, reader: Reader) -> Thread:
        return Thread(reader, self.titles, self.pack.contact, self.runner.cloud_connected)

    def rail(self, user_id: str, current: str, find: str = "") -> str:
        """The list of conversations; an unused one is not listed."""
        listed = [c for c in self.store.conversations.of(user_id, find) if c.title]
        return self.templates.render("_rail.html", conversations=listed, current=current, find=find)

    def why(self, exchange: Exchange) -> str:
        """The reasons behind an answer, and its model calls."""
        calls = tuple(self.store.ledger.calls(exchange.turn.id))
        return self.templates.render("_why.html", why=why_view(exchange, calls, self.titles))


class ChatPage:
    """One user's conversation as HTML. Every fragment names the id it belongs to, so that it can come at any time."""

    def __init__(self, pages: Pages, user_id: str, conversation_id: str, reader: Reader) -> None:
        self._pages, self._user_id, self._id, self.reader = pages, user_id, conversation_id, reader

    def whole(self, theme: str, deleted: DeletedView | None = None) -> str:
        """The page as a browser first gets it: complete without any script."""
        pages = self._pages
        conversation = pages.store.conversations.get(self._user_id, self._id)
        listed = [c for c in pages.store.conversations.of(self._user_id) if c.title]
        return pages.templates.render(
            "chat.html",
            theme=theme,
            deleted=deleted,
            shop=pages.pack.title,
            title=conversation.title or TITLE_OF_NEW,
            conversation_id=self._id,
            conversations=listed,
            current=self._id,
            find="",
            turns=self._turns(),
            mode=pages.mode(self.reader),
            busy=pages.runner.live(self._id) is not None,
            starters=pages.pack.starters,
            contact=person_line(pages.pack.contact),
            message_max_chars=pages.settings.message_max_chars,
        )

    def thread(self, gave_none: Finished | Failed | None = None) -> tuple[str, set[int]]:
        """All turns and the composer's buttons as they are now, and the ids of the turns shown.

        `gave_none` is the end of a second try that gave no answer: it is told under the one that stands.
        """
        pages, turns = self._pages, self._turns()
        if gave_none:
            stand = self._standing_for(gave_none.turn_id)
            turns = [_told_under(turn, gave_none) if turn.id in stand else turn for turn in turns]
        html = pages.templates.render(
            "_turns.html", turns=turns, starters=pages.pack.starters, mode=pages.mode(self.reader)
        )
        shown = {turn.id for turn in turns if turn.state != "running"}
        return partial("#turns", "outerMorph", html) + self._buttons(), shown

    def started(self, event: Started) -> str:
        """A new turn at the end of the thread, or in the place of the one it would replace."""
        live = self._pages.runner.live(self._id)
        if live is None or live.turn.id != event.turn_id:
            return ""
        html = self._pages.templates.render("_turn.html", turn=live_view(live, self.reader))
        if event.replaces:
            turn = partial(f"#turn-{event.replaces}", "outerHTML", html)
        else:
            again = partial(f"#turn-{live.turn.id}", "delete", "")
            turn = again + partial("#empty", "delete", "") + partial("#turns", "beforeend", html)
        return turn + self._buttons() + self.trouble("") + self.announce("Your message is being answered.")

    def answer(self) -> str:
        """The running turn's words so far."""
        live = self._pages.runner.live(self._id)
        if live is None:
            return ""
        html = self._pages.templates.render("_answer.html", turn=live_view(live, self.reader))
        return partial(f"#answer-{live.turn.id}", "outerMorph", html)

    def ended(self, event: Finished | Failed) -> str:
        """The turn with all that stands under it, and what else changes with its end."""
        turn = self._finished(self.exchange(event.turn_id))
        html = self._pages.templates.render("_turn.html", turn=turn)
        return partial(f"#turn-{turn.id}", "outerMorph", html) + self.after(event)

    def after(self, event: Finished | Failed) -> str:
        """What else changes with the end of a turn: buttons, rail, and the answer for screen readers."""
        rail = self._pages.rail(self._user_id, self._id)
        spoken = _ending(event)
        return self._buttons() + partial("#rail-list", "outerMorph", rail) + self.announce(spoken)

    def stands(self, turn_id: int) -> bool:
        """Whether this turn is the one to be shown for its message; a second try that failed is not."""
        return any(exchange.turn.id == turn_id for exchange in self._pages.store.exchanges.of(self._id))

    def _standing_for(self, turn_id: int) -> set[int]:
        first = self._pages.store.turns.get(self._user_id, turn_id).again_of
        exchanges = self._pages.store.exchanges.of(self._id)
        return {one.turn.id for one in exchanges if first in {one.turn.id, one.turn.again_of}}

    def announce(self, words: str) -> str:
        """A whole sentence for screen readers, in the page's one live region."""
        return partial("#announce", "textContent", str(escape(words)))

    def trouble(self, words: str) -> str:
        """Why a message was not taken, at the composer; no words take the last ones away."""
        return partial("#trouble", "innerHTML", f"<p>{escape(words)}</p>" if words else "")

    def taken(self, client_id: str) -> str:
        """That the message sent under this id is stored."""
        return partial("#taken", "textContent", str(escape(client_id)))

    def exchange(self, turn_id: int) -> Exchange:
        """One exchange of this conversation. Raises NotFoundError."""
        for exchange in self._pages.store.exchanges.of(self._id):
            if exchange.turn.id == turn_id:
                return exchange
        raise NotFoundError(f"There is no turn {turn_id!r}.", "Reload the page.")

    def thumbs(self, turn_id: int) -> str:
        """The two thumbs of an answer."""
        turn = self._finished(self.exchange(turn_id))
        return self._pages.templates.render("_thumbs.html", turn=turn)

    def _turns(self) -> list[TurnView]:
        live = self._pages.runner.live(self._id)
        return [
            live_view(live, self.reader) if live and live.turn.id == exchange.turn.id else self._finished(exchange)
            for exchange in self._pages.store.exchanges.of(self._id)
        ]

    def _finished(self, exchange: Exchange) -> TurnView:
        return self._pages.finished(exchange, self.reader)

    def _buttons(self) -> str:
        busy = self._pages.runner.live(self._id) is not None
        return partial("#buttons", "outerMorph", self._pages.templates.render("_buttons.html", busy=busy))


def _told_under(turn: TurnView, event: Finished | Failed) -> TurnView:
    notice = NoticeView(f"{_ending(event)} The earlier answer stands.", trouble=isinstance(event, Failed))
    return replace(turn, notices=(notice, *turn.notices))


def _ending(event: Finished | Failed) -> str:
    """How a turn ended, to be told in words."""
    if isinstance(event, Failed):
        return f"{event.what} {event.hint}"
    return event.text or "Stopped before the first word."


def partial(target: str, swap: str, html: str) -> str:
    """A fragment that htmx swaps into the element `target` by the style `swap`."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{html}</hx-partial>'
