"""What pages and fragments are rendered with: the product, its pack's titles and sources, and the templates."""

from dataclasses import replace

from markupsafe import Markup

from chatapp.assembly.product import Product
from chatapp.store import Exchange
from chatapp.turn.events import Reader
from chatapp.web.templates import Templates
from chatapp.web.views.machinery import why_view
from chatapp.web.views.mode import ModeView, mode_view
from chatapp.web.views.sources import Sources
from chatapp.web.views.turn import Thread, TurnView, finished_view


class Pages:
    """Built once with the application, and handed to every route."""

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
        self.answers = {fact.id: fact.title for fact in pack.facts if fact.title}
        self.sources = Sources(pack)

    def mode(self, reader: Reader) -> ModeView:
        """What the bar says of the mode."""
        return mode_view(self.settings.mode, self.runner.cloud_connected, reader)

    def finished(self, exchange: Exchange, reader: Reader) -> TurnView:
        """A stored turn as its reader sees it."""
        return finished_view(exchange, self.sources.under(exchange, reader), self._thread(reader))

    def read(self, exchange: Exchange) -> TurnView:
        """A stored turn for the operator to read only, with why it came about."""
        thread = replace(self._thread(Reader.OPERATOR), read_only=True)
        sources, because = self.sources.under(exchange, thread.reader), Markup(self.why(exchange))  # noqa: S704 - a template's
        return finished_view(exchange, sources, thread, because)

    def _thread(self, reader: Reader) -> Thread:
        pack, cloud = self.pack, self.runner.cloud_connected
        helplines = pack.safety.numbers if pack.safety else frozenset[str]()
        return Thread(reader, self.titles, pack.contact, cloud, pack.rules, self.answers, helplines)

    def rail(self, user_id: str, current: str, find: str = "") -> str:
        """The list of conversations; an unused one is not listed."""
        listed = [c for c in self.store.conversations.of(user_id, find) if c.title]
        return self.templates.render("_rail.html", conversations=listed, current=current, find=find)

    def why(self, exchange: Exchange) -> str:
        """The reasons behind an answer, and its model calls."""
        calls = tuple(self.store.ledger.calls(exchange.turn.id))
        return self.templates.render("_why.html", why=why_view(exchange, calls, self.titles))
