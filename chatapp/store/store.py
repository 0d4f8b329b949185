"""The store: one object, built in the composition root and handed down."""

from chatapp.store.bookkeeping import Bookkeeping
from chatapp.store.conversations import Conversations
from chatapp.store.exchanges import Exchanges
from chatapp.store.figures import FigureBook
from chatapp.store.outcomes import OutcomeLog
from chatapp.store.overview import Overview
from chatapp.store.turns import Turns


class Store(Conversations, Turns, Exchanges, Bookkeeping, FigureBook, Overview, OutcomeLog):
    """`Store.open(url)` migrates and opens; `close()` ends it. Every method has a short session of its own.

    Methods block, so async callers run them in a thread. They raise DatabaseError for whatever the database
    does.
    """
