"""The store: one database and its books, built in the composition root and handed down."""

from typing import Self

from chatapp.store.conversations import Conversations
from chatapp.store.database import Database
from chatapp.store.exchanges import Exchanges
from chatapp.store.figures import FigureBook
from chatapp.store.ledger import Ledger
from chatapp.store.outcomes import OutcomeLog
from chatapp.store.overview import Overview
from chatapp.store.owners import Owners
from chatapp.store.policies import Policies
from chatapp.store.ratings import Ratings
from chatapp.store.teachable import TeachableLog
from chatapp.store.turns import Turns


class Store:
    """`Store.open(url)` migrates and opens; `close()` ends it.

    The methods of its books block, so async callers run them in a thread. Each has a short session of its own and
    raises DatabaseError for whatever the database does.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.conversations = Conversations(database)
        self.owners = Owners(database)
        self.turns = Turns(database, self.owners)
        self.exchanges = Exchanges(database)
        self.ledger = Ledger(database)
        self.ratings = Ratings(database)
        self.policies = Policies(database)
        self.outcomes = OutcomeLog(database)
        self.teachable = TeachableLog(database)
        self.figures = FigureBook(database)
        self.overview = Overview(database)

    @classmethod
    def open(cls, url: str) -> Self:
        """The store on the database at `url`; see `Database.open`."""
        return cls(Database.open(url))

    def close(self) -> None:
        """Closes every idle connection."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
