"""The chat page of one user's conversation, whole and in the fragments that keep it up to date."""

from dataclasses import replace

from markupsafe import escape

from chatapp.errors import NotFoundError
from chatapp.store import Exchange
from chatapp.turn.events import Failed, Finished, Reader, Started
from chatapp.turn.live import LiveTurn
from chatapp.web.contexts import ChatContext
from chatapp.web.fragments import partial
from chatapp.web.pages import Pages
from chatapp.web.views.deleted import DeletedView
from chatapp.web.views.notices import NoticeView
from chatapp.web.views.person import person_line
from chatapp.web.views.turn import TurnView, live_view

TITLE_OF_NEW = "New conversation"


class ChatPage:
    """One user's conversation as HTML. Every fragment names the id it belongs to, so that it can come at any time."""

    def __init__(self, pages: Pages, user_id: str, conversation_id: str, reader: Reader) -> None:
        self._pages, self._user_id, self._id, self.reader = pages, user_id, conversation_id, reader

    def whole(self, theme: str, deleted: DeletedView | None = None) -> str:
        """The page as a browser first gets it: complete without any script."""
        pages = self._pages
        conversation = pages.store.conversations.get(self._user_id, self._id)
        listed = [c for c in pages.store.conversations.of(self._user_id) if c.title]
        return pages.templates.page(
            ChatContext(
                theme=theme,
                shop=pages.pack.title,
                title=conversation.title or TITLE_OF_NEW,
                conversation_id=self._id,
                conversations=tuple(listed),
                current=self._id,
                find="",
                turns=tuple(self._turns()),
                mode=pages.mode(self.reader),
                busy=pages.runner.live(self._id) is not None,
                starters=pages.pack.starters,
                contact=person_line(pages.pack.contact),
                deleted=deleted,
                message_max_chars=pages.settings.message_max_chars,
            )
        )

    def thread(self, gave_none: Finished | Failed | None = None) -> tuple[str, set[int]]:
        """All turns and the composer's buttons as they are now, and the ids of the turns shown.

        `gave_none` is the end of a second try that gave no answer: it is reported under the answer that is kept.
        """
        pages, turns = self._pages, self._turns()
        if gave_none:
            kept = self._kept_for(gave_none.turn_id)
            turns = [_told_under(turn, gave_none) if turn.id in kept else turn for turn in turns]
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
        html = self._pages.templates.render("_turn.html", turn=self._live(live))
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
        html = self._pages.templates.render("_answer.html", turn=self._live(live))
        return partial(f"#answer-{live.turn.id}", "outerMorph", html)

    def ended(self, event: Finished | Failed) -> str:
        """The turn with its notices, sources and buttons, and what else changes with its end."""
        turn = self._finished(self.exchange(event.turn_id))
        html = self._pages.templates.render("_turn.html", turn=turn)
        return partial(f"#turn-{turn.id}", "outerMorph", html) + self.after(event)

    def after(self, event: Finished | Failed) -> str:
        """What else changes with the end of a turn: buttons, rail, and the answer for screen readers."""
        rail = self._pages.rail(self._user_id, self._id)
        spoken = _ending(event)
        return self._buttons() + partial("#rail-list", "outerMorph", rail) + self.announce(spoken)

    def shows(self, turn_id: int) -> bool:
        """Whether this turn is the one shown for its message; a second try that failed is not."""
        return any(exchange.turn.id == turn_id for exchange in self._pages.store.exchanges.of(self._id))

    def _kept_for(self, turn_id: int) -> set[int]:
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

    def _live(self, live: LiveTurn) -> TurnView:
        return live_view(live, self.reader, self._pages.pack.rules)

    def _turns(self) -> list[TurnView]:
        live = self._pages.runner.live(self._id)
        return [
            self._live(live) if live and live.turn.id == exchange.turn.id else self._finished(exchange)
            for exchange in self._pages.store.exchanges.of(self._id)
        ]

    def _finished(self, exchange: Exchange) -> TurnView:
        return self._pages.finished(exchange, self.reader)

    def _buttons(self) -> str:
        busy = self._pages.runner.live(self._id) is not None
        return partial("#buttons", "outerMorph", self._pages.templates.render("_buttons.html", busy=busy))


def _told_under(turn: TurnView, event: Finished | Failed) -> TurnView:
    notice = NoticeView(f"{_ending(event)} The earlier answer is kept.", trouble=isinstance(event, Failed))
    return replace(turn, notices=(notice, *turn.notices))


def _ending(event: Finished | Failed) -> str:
    """How a turn ended, to be told in words."""
    if isinstance(event, Failed):
        return f"{event.what} {event.hint}"
    return event.text or "Stopped before the first word."
