"""Deleted conversations are forgotten for good once they can no longer be brought back."""

import asyncio
import logging

from chatapp.errors import DatabaseError
from chatapp.store import Store

log = logging.getLogger(__name__)

EVERY_S = 5.0


class Forgetter:
    """Looks every few seconds, and once at the start, for deleted conversations whose time is up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._log_holds_words = True

    async def run(self) -> None:
        """Until it is cancelled. A database that does not answer is asked again."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except DatabaseError as error:
                log.warning("deleted conversations could not be forgotten yet: %s", error)
            except Exception:  # words that were to be forgotten must not stay for ever
                log.exception("deleted conversations could not be forgotten yet")
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        """Forget what is due, in the database's file and in its log. Blocks. Raises DatabaseError."""
        forgotten = self._store.conversations.forget_deleted()
        self._log_holds_words = bool(forgotten) or self._log_holds_words
        if self._log_holds_words:
            self._log_holds_words = not self._store.database.empty_log()
