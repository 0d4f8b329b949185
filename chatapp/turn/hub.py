"""Who watches which conversation. An event goes to every open window of its conversation."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from chatapp.turn.events import Event


class Subscription:
    """One watcher's events, in order. None is dropped; the length of an answer bounds the queue."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue()

    def put(self, event: Event) -> None:
        """Hand over one event; never blocks."""
        self._queue.put_nowait(event)

    def pending(self) -> list[Event]:
        """The events that have not been read yet."""
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            yield await self._queue.get()


class Hub:
    """Publishes a conversation's events to its watchers, in this process."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[Subscription]] = defaultdict(set)

    @contextmanager
    def subscribe(self, conversation_id: str) -> Iterator[Subscription]:
        """Events of the conversation from now on, until the block ends."""
        subscription = Subscription()
        self._watchers[conversation_id].add(subscription)
        try:
            yield subscription
        finally:
            self._watchers[conversation_id].discard(subscription)
            if not self._watchers[conversation_id]:
                del self._watchers[conversation_id]

    def watched(self, conversation_id: str) -> bool:
        """Whether anybody watches the conversation. Safe from any thread."""
        return conversation_id in self._watchers

    def publish(self, event: Event) -> None:
        """Give the event to everyone who watches its conversation."""
        for subscription in self._watchers.get(event.conversation_id, ()):
            subscription.put(event)
